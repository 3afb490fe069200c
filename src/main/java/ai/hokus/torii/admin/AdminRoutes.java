package ai.hokus.torii.admin;

import ai.hokus.torii.config.Secret;
import ai.hokus.torii.exchange.FailureHandler;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Order;
import ai.hokus.torii.exchange.RequestId;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@code /admin} routes: {@code DELETE /admin/verdicts/{key_id}}, {@code POST /admin/verdicts/purge} and {@code POST
 * /admin/explain}, open to whoever has the admin token. Used on the management listener's event loop.
 */
public final class AdminRoutes {

    private static final Logger LOG = LoggerFactory.getLogger(AdminRoutes.class);
    private static final String BEARER = "Bearer ";
    private static final String VERDICTS = "/admin/verdicts/";
    private static final String PURGE = VERDICTS + "purge";
    private static final String EXPLAIN = "/admin/explain";
    /** Visible ASCII without quotes; what issuers of keys use for ids. */
    private static final Pattern KEY_ID = Pattern.compile("[!#-&(-~]{1,128}");

    private static final Pattern METHOD = Pattern.compile("GET|HEAD|POST|PUT|PATCH|DELETE");
    private static final Pattern TARGET = Pattern.compile("/.{0,8191}");
    private static final String KEY_IN_BODY = "its body holds a key; name the key_id, keys belong into no order";
    private static final int MAX_QUESTION_BYTES = 64 * 1024;
    private static final Pattern BAD_ESCAPE = Pattern.compile("%(?![0-9a-fA-F]{2})");
    private static final Pattern A_KEY = Pattern.compile("(?i)hk(?:_|%5f)");

    private final Optional<byte[]> token;
    private final Orders orders;
    private final Broadcast broadcast;
    private final Function<Question, JsonObject> explain;
    private final Consumer<Order> audit;
    private final FailureHandler failures = new FailureHandler();

    /**
     * Closed without a token; {@code explain} tells how it is decided about a request, {@code audit} hears of every order
     * and of every refusal.
     */
    public AdminRoutes(
            Optional<Secret> token,
            Orders orders,
            Broadcast broadcast,
            Function<Question, JsonObject> explain,
            Consumer<Order> audit) {
        this.token = token.map(secret -> secret.reveal().getBytes(StandardCharsets.UTF_8));
        this.orders = orders;
        this.broadcast = broadcast;
        this.explain = explain;
        this.audit = audit;
    }

    /**
     * A request that an operator asks about.
     *
     * @param method its method
     * @param path its target
     * @param keyId the name of the key it would carry
     */
    public record Question(String method, String path, String keyId) {}

    /**
     * Adds the routes.
     *
     * @return handles every request of the listener: one that names a key in its target never comes to the router, which
     *     would log it
     */
    public Handler<HttpServerRequest> mount(Router router) {
        router.route("/admin/*").handler(this::letIn);
        router.post(PURGE).handler(context -> {
            orders.purge().run();
            LOG.info("all verdicts are forgotten by an operator's order");
            confirm(context, Optional.empty(), broadcast.send(Broadcast.purge()));
        });
        router.delete(VERDICTS + ":key_id").handler(this::revoke);
        router.post(EXPLAIN).handler(this::explain);
        return request -> {
            if (A_KEY.matcher(request.uri()).find()) {
                refuse(request, namesAKey());
            } else if (BAD_ESCAPE.matcher(request.uri()).find()) {
                refuse(request, GatewayFailure.requestMalformed("its target holds a '%' that escapes nothing"));
            } else {
                router.handle(request);
            }
        };
    }

    private void letIn(RoutingContext context) {
        if (token.isEmpty()) {
            refuse(context, GatewayFailure.adminClosed());
        } else if (isOperator(context.request().getHeader(HttpHeaders.AUTHORIZATION))) {
            context.next();
        } else {
            refuse(context, GatewayFailure.adminRefused());
        }
    }

    /** Compares in constant time, so that a guess learns nothing from the wait. */
    private boolean isOperator(String authorization) {
        return authorization != null
                && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())
                && MessageDigest.isEqual(
                        token.orElseThrow(),
                        authorization.substring(BEARER.length()).trim().getBytes(StandardCharsets.UTF_8));
    }

    private void revoke(RoutingContext context) {
        String keyId = context.pathParam("key_id");
        if (A_KEY.matcher(keyId).find()) {
            refuse(context, namesAKey());
            return;
        }
        if (!KEY_ID.matcher(keyId).matches()) {
            refuse(context, GatewayFailure.requestMalformed("the key_id holds characters that no key_id has"));
            return;
        }
        orders.revoke().accept(keyId);
        LOG.info("the verdicts of key_id {} are forgotten by an operator's order", keyId);
        confirm(context, Optional.of(keyId), broadcast.send(Broadcast.revocation(keyId)));
    }

    private void explain(RoutingContext context) {
        body(context.request())
                .map(this::answer)
                .onComplete(answer -> confirm(context, answer), cause -> refuse(context, GatewayFailure.from(cause)));
    }

    private static Future<Buffer> body(HttpServerRequest request) {
        Promise<Buffer> whole = Promise.promise();
        Buffer held = Buffer.buffer();
        request.exceptionHandler(whole::tryFail);
        request.handler(chunk -> {
            if (held.length() + chunk.length() > MAX_QUESTION_BYTES) {
                whole.tryFail(
                        GatewayFailure.requestMalformed("its body is larger than " + MAX_QUESTION_BYTES + " bytes"));
            } else {
                held.appendBuffer(chunk);
            }
        });
        request.endHandler(v -> whole.tryComplete(held));
        return whole.future();
    }

    private JsonObject answer(Buffer body) {
        if (A_KEY.matcher(body.toString(StandardCharsets.UTF_8)).find()) {
            throw GatewayFailure.requestMalformed(KEY_IN_BODY);
        }
        JsonObject question;
        try {
            question = body.toJsonObject();
        } catch (DecodeException | ClassCastException e) {
            throw GatewayFailure.requestMalformed("its body is no JSON object");
        }
        String keyId = field(question, "key_id", KEY_ID);
        if (A_KEY.matcher(keyId).find()) {
            // It was written with escapes of JSON's.
            throw GatewayFailure.requestMalformed(KEY_IN_BODY);
        }
        return explain.apply(new Question(field(question, "method", METHOD), field(question, "path", TARGET), keyId));
    }

    private static String field(JsonObject question, String name, Pattern pattern) {
        if (question.getValue(name) instanceof String text
                && pattern.matcher(text).matches()) {
            return text;
        }
        throw GatewayFailure.requestMalformed("its field '" + name
                + "' is missing or cannot be one; send e.g. {\"method\": \"POST\","
                + " \"path\": \"/api/mlflow/api/2.0/mlflow/runs/create\", \"key_id\": \"…\"}");
    }

    private static GatewayFailure namesAKey() {
        return GatewayFailure.requestMalformed("its target holds a key; name the key_id, keys belong into no address");
    }

    private void confirm(RoutingContext context, Optional<String> keyId, Future<Void> told) {
        told.onComplete(
                v -> {
                    String requestId = RequestId.of(context.request().headers());
                    audit.accept(order(context.request(), requestId, keyId, Optional.empty()));
                    confirm(context, new JsonObject().put("shared", broadcast != Broadcast.NONE));
                },
                cause -> refuse(
                        context,
                        GatewayFailure.revocationNotShared(cause.getClass().getSimpleName())));
    }

    private static void confirm(RoutingContext context, JsonObject answer) {
        context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(answer.toBuffer());
    }

    private void refuse(RoutingContext context, GatewayFailure failure) {
        refuse(context.request(), failure);
    }

    private void refuse(HttpServerRequest request, GatewayFailure failure) {
        String requestId = RequestId.of(request.headers());
        audit.accept(order(request, requestId, Optional.empty(), Optional.of(failure)));
        failures.answer(request, requestId, failure);
    }

    private static Order order(
            HttpServerRequest request, String requestId, Optional<String> keyId, Optional<GatewayFailure> failure) {
        String target = request.uri();
        String name = target.startsWith(PURGE)
                ? "purge"
                : target.startsWith(VERDICTS) ? "revoke" : target.startsWith(EXPLAIN) ? "explain" : "other";
        String peer = request.connection().remoteAddress().hostAddress();
        return new Order(name, request.method().name(), target, keyId, peer, requestId, failure);
    }
}

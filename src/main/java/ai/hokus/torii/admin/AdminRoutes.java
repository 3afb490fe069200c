package ai.hokus.torii.admin;

import ai.hokus.torii.config.Secret;
import ai.hokus.torii.exchange.FailureHandler;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.RequestId;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@code /admin} routes: {@code DELETE /admin/verdicts/{key_id}} and {@code POST /admin/verdicts/purge}, open to
 * whoever has the admin token. Used on the management listener's event loop.
 */
public final class AdminRoutes {

    private static final Logger LOG = LoggerFactory.getLogger(AdminRoutes.class);
    private static final String BEARER = "Bearer ";
    /** Visible ASCII without quotes; what issuers of keys use for ids. */
    private static final Pattern KEY_ID = Pattern.compile("[!#-&(-~]{1,128}");

    private static final Pattern BAD_ESCAPE = Pattern.compile("%(?![0-9a-fA-F]{2})");
    private static final Pattern A_KEY = Pattern.compile("(?i)hk(?:_|%5f)");

    private final Optional<byte[]> token;
    private final Orders orders;
    private final Broadcast broadcast;
    private final FailureHandler failures;

    /** Closed without a token. */
    public AdminRoutes(Optional<Secret> token, Orders orders, Broadcast broadcast, FailureHandler failures) {
        this.token = token.map(secret -> secret.reveal().getBytes(StandardCharsets.UTF_8));
        this.orders = orders;
        this.broadcast = broadcast;
        this.failures = failures;
    }

    /**
     * Adds the routes.
     *
     * @return handles every request of the listener: one that names a key in its target never comes to the router, which
     *     would log it
     */
    public Handler<HttpServerRequest> mount(Router router) {
        router.route("/admin/*").handler(this::letIn);
        router.post("/admin/verdicts/purge").handler(context -> {
            orders.purge().run();
            LOG.info("all verdicts are forgotten by an operator's order");
            confirm(context, broadcast.send(Broadcast.purge()));
        });
        router.delete("/admin/verdicts/:key_id").handler(this::revoke);
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
        confirm(context, broadcast.send(Broadcast.revocation(keyId)));
    }

    private static GatewayFailure namesAKey() {
        return GatewayFailure.requestMalformed("its target holds a key; name the key_id, keys belong into no address");
    }

    private void confirm(RoutingContext context, Future<Void> told) {
        told.onComplete(
                v -> {
                    Buffer body = new JsonObject()
                            .put("shared", broadcast != Broadcast.NONE)
                            .toBuffer();
                    context.response()
                            .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                            .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                            .end(body);
                },
                cause -> refuse(
                        context,
                        GatewayFailure.revocationNotShared(cause.getClass().getSimpleName())));
    }

    private void refuse(RoutingContext context, GatewayFailure failure) {
        refuse(context.request(), failure);
    }

    private void refuse(HttpServerRequest request, GatewayFailure failure) {
        failures.answer(request, RequestId.of(request.getHeader("X-Request-Id")), failure);
    }
}

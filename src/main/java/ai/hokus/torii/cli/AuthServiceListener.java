package ai.hokus.torii.cli;

import ai.hokus.torii.cli.AuthServiceContract.Reply;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The auth service over HTTP: the route that validates keys, {@code /health} and {@code /ready}. Reads questions up to
 * 64 KiB and writes nothing of them anywhere.
 */
final class AuthServiceListener {

    /** The largest question in bytes; a larger one is 413. */
    static final int MAX_BYTES = 64 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(AuthServiceListener.class);
    private static final String VALIDATE = "/api/v1/keys/validate";
    private static final int IDLE_SECONDS = 75;
    private static final int GRACE_SECONDS = 5;

    private final AuthServiceContract contract;
    private final HttpServer server;

    /** Does not listen yet. */
    AuthServiceListener(Vertx vertx, AuthServiceContract contract) {
        this.contract = contract;
        this.server = vertx.createHttpServer(new HttpServerOptions()
                        .setHandle100ContinueAutomatically(true)
                        .setHttp2ClearTextEnabled(false)
                        .setIdleTimeout(IDLE_SECONDS))
                .requestHandler(this::handle);
    }

    /** Listens; the port it is bound to, which is a free one for 0. Fails when the address cannot be had. */
    Future<Integer> listen(String host, int port) {
        return server.listen(port, host).map(HttpServer::actualPort);
    }

    /** Ends when the questions in flight are answered, in five seconds at most. */
    Future<Void> close() {
        return server.shutdown(GRACE_SECONDS, TimeUnit.SECONDS);
    }

    private void handle(HttpServerRequest request) {
        switch (String.valueOf(request.path())) {
            case VALIDATE -> only(request, List.of(HttpMethod.POST), () -> validate(request));
            case "/health" -> status(request, "healthy");
            case "/ready" -> status(request, "ready");
            default -> write(request, Reply.refusal(404, "Not Found"));
        }
    }

    private static void status(HttpServerRequest request, String word) {
        only(
                request,
                List.of(HttpMethod.GET, HttpMethod.HEAD),
                () -> write(request, new Reply(200, new JsonObject().put("status", word))));
    }

    private static void only(HttpServerRequest request, List<HttpMethod> methods, Runnable answer) {
        if (methods.contains(request.method())) {
            answer.run();
            return;
        }
        request.response()
                .putHeader(
                        HttpHeaders.ALLOW,
                        String.join(", ", methods.stream().map(HttpMethod::name).toList()));
        write(request, Reply.refusal(405, "Method Not Allowed"));
    }

    private void validate(HttpServerRequest request) {
        String authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
        collect(request)
                .compose(body -> body.isPresent()
                        ? contract.answer(authorization, body.get())
                        : Future.succeededFuture(Reply.refusal(413, "Request body too large")))
                .otherwise(cause -> {
                    // Not its message: a decoder's quotes the question.
                    LOG.error(
                            "a question could not be answered: {}",
                            cause.getClass().getName());
                    return Reply.refusal(500, "Internal Server Error");
                })
                .onSuccess(reply -> write(request, reply));
    }

    /** The body; empty as soon as it is too large, the rest is read and dropped. Never completes when it is cut off. */
    private static Future<Optional<Buffer>> collect(HttpServerRequest request) {
        Promise<Optional<Buffer>> collected = Promise.promise();
        Buffer body = Buffer.buffer();
        request.handler(chunk -> {
            if (body.length() + chunk.length() > MAX_BYTES) {
                collected.tryComplete(Optional.empty());
            } else {
                body.appendBuffer(chunk);
            }
        });
        request.endHandler(v -> collected.tryComplete(Optional.of(body)));
        return collected.future();
    }

    private static void write(HttpServerRequest request, Reply reply) {
        request.response()
                .setStatusCode(reply.status())
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(reply.body().toBuffer());
    }
}

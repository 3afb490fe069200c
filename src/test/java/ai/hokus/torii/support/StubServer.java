package ai.hokus.torii.support;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/**
 * A real HTTP server on a free loopback port that records what reached it and answers what the test says: the stand-in
 * for MLflow or the auth service where a test needs one that lies.
 */
public final class StubServer {

    private final HttpServer server;
    private final List<RecordedRequest> requests = new CopyOnWriteArrayList<>();
    private volatile BiConsumer<RecordedRequest, HttpServerResponse> answer = (request, response) ->
            response.putHeader("Content-Type", "application/json").end("{}");

    private StubServer(Vertx vertx) {
        this.server = vertx.createHttpServer(new HttpServerOptions().setMaxInitialLineLength(65_536))
                .requestHandler(this::handle);
    }

    /** Starts and waits until it listens. */
    public static StubServer start(Vertx vertx) throws Exception {
        return start(vertx, "127.0.0.1", 0);
    }

    /** The same at this loopback address and port. */
    public static StubServer start(Vertx vertx, String host, int port) throws Exception {
        StubServer stub = new StubServer(vertx);
        stub.server.listen(port, host).await(5, TimeUnit.SECONDS);
        return stub;
    }

    private void handle(HttpServerRequest request) {
        request.body().onSuccess(body -> {
            RecordedRequest recorded =
                    new RecordedRequest(request.method().name(), request.uri(), request.headers(), body);
            requests.add(recorded);
            answer.accept(recorded, request.response());
        });
    }

    /** From now on it answers so. */
    public StubServer answering(BiConsumer<RecordedRequest, HttpServerResponse> next) {
        answer = next;
        return this;
    }

    /** From now on it answers with this status and JSON text. */
    public StubServer answering(int status, String json) {
        return answering((request, response) -> response.setStatusCode(status)
                .putHeader("Content-Type", "application/json")
                .end(json));
    }

    public int port() {
        return server.actualPort();
    }

    public String url() {
        return "http://127.0.0.1:" + port();
    }

    /** What reached it whole, in order. */
    public List<RecordedRequest> requests() {
        return requests;
    }

    /** What reached it whole, but for the gateway's own probes. */
    public List<RecordedRequest> forwarded() {
        return requests.stream()
                .filter(r -> r.headers().contains("X-Request-Id"))
                .toList();
    }

    public void stop() throws Exception {
        server.close().await(5, TimeUnit.SECONDS);
    }
}

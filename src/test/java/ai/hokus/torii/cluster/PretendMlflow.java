package ai.hokus.torii.cluster;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.concurrent.TimeUnit;

/**
 * An MLflow that keeps nothing and takes its time: it answers control calls within milliseconds, thinks about uploads
 * longer, and can refuse its Host or be gone.
 */
final class PretendMlflow implements AutoCloseable {

    private static final long CONTROL_MILLIS = 8;
    private static final long UPLOAD_MILLIS = 1200;
    private static final Buffer ARTIFACT = Buffer.buffer(new byte[200_000]);

    private final Vertx vertx;
    private HttpServer server;
    private int port;
    private volatile boolean refusesHost;

    private PretendMlflow(Vertx vertx) {
        this.vertx = vertx;
    }

    /** Starts on a free port of 127.0.0.1. */
    static PretendMlflow start(Vertx vertx) throws Exception {
        PretendMlflow mlflow = new PretendMlflow(vertx);
        mlflow.come();
        return mlflow;
    }

    /** Listens, after {@link #go} on the port it had. */
    void come() throws Exception {
        server = vertx.createHttpServer().requestHandler(this::handle);
        server.listen(port, "127.0.0.1").await(5, TimeUnit.SECONDS);
        port = server.actualPort();
    }

    /** Listens no more. */
    void go() throws Exception {
        server.close().await(5, TimeUnit.SECONDS);
    }

    /** Whether it answers as MLflow does under a name that is not among its allowed hosts. */
    void refuseHost(boolean refuses) {
        refusesHost = refuses;
    }

    String url() {
        return "http://127.0.0.1:" + port;
    }

    private void handle(HttpServerRequest request) {
        boolean isArtifact = request.path().contains("/mlflow-artifacts/");
        boolean isUpload = request.method().name().equals("PUT");
        request.end()
                .onSuccess(ended -> vertx.setTimer(
                        isUpload ? UPLOAD_MILLIS : CONTROL_MILLIS,
                        id -> answer(request.response(), isArtifact && !isUpload)));
        request.resume();
    }

    private void answer(HttpServerResponse response, boolean withArtifact) {
        if (refusesHost) {
            response.setStatusCode(403)
                    .putHeader("Content-Type", "text/plain")
                    .end("Invalid Host header - possible DNS rebinding attack detected");
        } else if (withArtifact) {
            response.putHeader("Content-Type", "application/octet-stream").end(ARTIFACT);
        } else {
            response.putHeader("Content-Type", "application/json").end("{\"experiments\":[]}");
        }
    }

    @Override
    public void close() {
        server.close();
    }
}

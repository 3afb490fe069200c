package ai.hokus.torii.bench;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.util.concurrent.TimeUnit;

/** An MLflow that answers whatever it is asked at once, with a little JSON. */
final class MlflowStub {

    private static final String EXPERIMENT = "{\"experiment\":{\"experiment_id\":\"0\",\"name\":\"Default\","
            + "\"artifact_location\":\"mlflow-artifacts:/0\",\"lifecycle_stage\":\"active\"}}";

    private final HttpServer server;

    private MlflowStub(Vertx vertx) {
        this.server = vertx.createHttpServer()
                .requestHandler(request -> request.response()
                        .putHeader("Content-Type", "application/json")
                        .end(EXPERIMENT));
    }

    static MlflowStub start(Vertx vertx) throws Exception {
        MlflowStub stub = new MlflowStub(vertx);
        stub.server.listen(0, "127.0.0.1").await(10, TimeUnit.SECONDS);
        return stub;
    }

    String url() {
        return "http://127.0.0.1:" + server.actualPort();
    }
}

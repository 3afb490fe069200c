package ai.hokus.torii.cli;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Map;

/** What stands in for MLflow and the auth service in a rehearsal; both end with their Vert.x. */
final class RehearsalPeers {

    /** May do everything short of administration. */
    static final String WRITERS_KEY = "rehearsal-writer-abcdefghijklmnopqrstuvwxyz";

    /** May only read. */
    static final String READERS_KEY = "rehearsal-reader-abcdefghijklmnopqrstuvwxyz";

    /** The run that MLflow does not have. */
    static final String ABSENT_RUN = "absent";

    private static final Buffer ARTIFACT = Buffer.buffer(new byte[256 * 1024]);
    private static final Map<String, String> SCOPES = Map.of(
            "Bearer " + WRITERS_KEY, "mlflow:write",
            "Bearer " + READERS_KEY, "mlflow:read");

    private final Vertx vertx;

    RehearsalPeers(Vertx vertx) {
        this.vertx = vertx;
    }

    /** Starts the one for MLflow; completes with its port. */
    Future<Integer> mlflow() {
        return listen(RehearsalPeers::answerAsMlflow);
    }

    /** Starts the one for the auth service; completes with its port. */
    Future<Integer> authService() {
        return listen(RehearsalPeers::answerAsAuthService);
    }

    private Future<Integer> listen(Handler<HttpServerRequest> answer) {
        return vertx.createHttpServer(new HttpServerOptions().setHttp2ClearTextEnabled(false))
                .requestHandler(request -> request.end().onSuccess(v -> answer.handle(request)))
                .listen(0, "127.0.0.1")
                .map(HttpServer::actualPort);
    }

    private static void answerAsMlflow(HttpServerRequest request) {
        if (ABSENT_RUN.equals(request.getParam("run_id"))) {
            json(request, 404, new JsonObject().put("error_code", "RESOURCE_DOES_NOT_EXIST"));
        } else if (request.path().contains("/mlflow-artifacts/artifacts/")) {
            request.response()
                    .putHeader(HttpHeaders.CONTENT_TYPE, "application/octet-stream")
                    .end(ARTIFACT);
        } else {
            json(request, 200, new JsonObject().put("experiments", new JsonArray()));
        }
    }

    private static void answerAsAuthService(HttpServerRequest request) {
        String scope = SCOPES.get(String.valueOf(request.getHeader(HttpHeaders.AUTHORIZATION)));
        if (scope == null) {
            json(request, 401, new JsonObject().put("detail", "Invalid or expired API key"));
            return;
        }
        json(
                request,
                200,
                new JsonObject()
                        .put("is_valid", true)
                        .put("key_id", scope)
                        .put("user_id", "rehearsal")
                        .put("scopes", JsonArray.of(scope)));
    }

    private static void json(HttpServerRequest request, int status, JsonObject body) {
        request.response()
                .setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .end(body.toBuffer());
    }
}

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.cli.MlflowProcess;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.ext.web.client.WebClient;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** MLflow's own check of origins, which sees none of a caller's: its UI works, and its permissions do not leak. */
@Tag("mlflow")
class CorsMlflowIT {

    private static final String KEY = "hk_test_Zq7TestOnlyTestOnlyTestOnly0123";
    private static final String BASIC = "Basic " + Base64.getEncoder().encodeToString(("token:" + KEY).getBytes());
    private static final String CREATE = "2.0/mlflow/experiments/create";
    private static final String GATEWAY = "https://gw.example";
    private static final String APP = "https://app.example.com";
    private static final String EVIL = "https://evil.example";

    private Vertx vertx;
    private TestGateway gateway;

    @BeforeEach
    void start() {
        vertx = Vertx.vertx();
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    private static JsonObject experiment() {
        return new JsonObject().put("name", "cors-" + UUID.randomUUID());
    }

    /** What a page sends when it creates an experiment. */
    private HttpResponse<Buffer> create(String path, String origin, String authorization) throws Exception {
        return gateway.request(HttpMethod.POST, path)
                .putHeaders(MultiMap.caseInsensitiveMultiMap()
                        .add("Host", "gw.example")
                        .add("Origin", origin)
                        .add("Authorization", authorization))
                .sendJsonObject(experiment())
                .await(30, TimeUnit.SECONDS);
    }

    private HttpResponse<Buffer> createBehind(URI mlflow, String origin) throws Exception {
        return WebClient.create(vertx)
                .postAbs(mlflow + "/api/" + CREATE)
                .putHeader("Origin", origin)
                .sendJsonObject(experiment())
                .await(30, TimeUnit.SECONDS);
    }

    private static void assertCreated(HttpResponse<Buffer> answer) {
        assertThat(answer.statusCode()).as(answer.bodyAsString()).isEqualTo(200);
        assertThat(answer.bodyAsJsonObject().getString("experiment_id")).isNotBlank();
    }

    private void assertUiAndScriptsWork() throws Exception {
        for (String path :
                List.of("/mlflow/ajax-api/", "/api/mlflow/ajax-api/", "/ajax-api/", "/api/mlflow/api/", "/api/")) {
            // The UI's calls, with the key that the browser keeps, under the gateway's name
            HttpResponse<Buffer> ofUi = create(path + CREATE, GATEWAY, BASIC);
            assertCreated(ofUi);
            assertThat(ofUi.headers().names())
                    .noneMatch(name -> name.toLowerCase().startsWith("access-control-"));

            // A script of a listed origin
            HttpResponse<Buffer> ofApp = create(path + CREATE, APP, "Bearer " + KEY);
            assertCreated(ofApp);
            assertThat(ofApp.headers().getAll("Access-Control-Allow-Origin")).containsExactly(APP);
            assertThat(ofApp.headers().contains("Access-Control-Allow-Credentials"))
                    .isFalse();

            // A page of any other
            HttpResponse<Buffer> ofEvil = create(path + CREATE, EVIL, BASIC);
            assertThat(ofEvil.statusCode()).isEqualTo(403);
            assertThat(ofEvil.bodyAsJsonObject().getString("reason")).isEqualTo("origin_refused");
        }
    }

    @Test
    void uiWorksThoughMlflowKnowsNoOrigin() throws Exception {
        // Given an MLflow that by itself refuses the gateway's own origin
        URI mlflow = RealMlflow.shared().uri();
        gateway = TestGateway.start(vertx, mlflow.toString(), KEY, "CORS_ORIGINS", APP);
        HttpResponse<Buffer> refused = createBehind(mlflow, GATEWAY);
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.bodyAsString()).contains("Cross-origin request blocked");

        // Then
        assertUiAndScriptsWork();
    }

    @Test
    void mlflowsOwnListChangesNothing(@TempDir Path folder) throws Exception {
        // Given an MLflow that by itself allows the other origin, credentials and all
        var options = new MlflowProcess.Options(
                folder, 0, Duration.ofSeconds(90), List.of("--cors-allowed-origins", EVIL), Map.of());
        try (MlflowProcess mlflow = RealMlflow.startOwn(options)) {
            gateway = TestGateway.start(vertx, mlflow.uri().toString(), KEY, "CORS_ORIGINS", APP);
            HttpResponse<Buffer> allowed = createBehind(mlflow.uri(), EVIL);
            assertThat(allowed.statusCode()).isEqualTo(200);
            assertThat(allowed.getHeader("Access-Control-Allow-Credentials")).isEqualTo("true");

            // Then
            assertUiAndScriptsWork();
        }
    }
}

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.cli.MlflowProcess;
import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** MLflow's basic-auth app behind the gateway: callers bring their keys, the gateway its own account. */
@Tag("mlflow")
class BasicAuthAppIT {

    private static final String KEY = "hk_test_Zq7TestOnlyTestOnlyTestOnly0123";
    private static final String PASSWORD = "a-password-of-the-gateway";

    private static Vertx vertx;
    private static MlflowProcess mlflow;

    private TestGateway gateway;

    @BeforeAll
    static void startMlflow(@TempDir Path data) throws Exception {
        vertx = Vertx.vertx();
        mlflow = RealMlflow.startOwn(
                RealMlflow.environment(RealMlflow.withBasicAuth()),
                new MlflowProcess.Options(
                        data,
                        0,
                        Duration.ofSeconds(90),
                        List.of("--app-name", "basic-auth"),
                        Map.of(
                                "MLFLOW_AUTH_ADMIN_PASSWORD",
                                PASSWORD,
                                "MLFLOW_FLASK_SERVER_SECRET_KEY",
                                "only-for-this-test")));
    }

    @AfterAll
    static void stopMlflow() throws Exception {
        if (mlflow != null) {
            mlflow.close();
        }
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    @Test
    void registersAModelWithTheGatewaysAccountInsteadOfTheKey() throws Exception {
        // Given
        PythonClient client =
                gatewayWithPassword(PASSWORD).at(gateway.url() + "/api/mlflow").token(KEY);

        // When
        JsonObject facts = client.run("register_model.py", "behind-basic-auth").facts();

        // Then
        assertThat(facts.getInteger("version")).isEqualTo(1);
        assertThat(facts.getJsonArray("predictions")).containsExactly(0, 0, 1, 1);
    }

    @Test
    void isRefusedByMlflowWithTheKeyAlone() throws Exception {
        // Given
        PythonClient direct =
                gatewayWithPassword(PASSWORD).at(mlflow.uri().toString()).token(KEY);

        // When
        JsonObject seen = direct.run("expect_failure.py").facts();

        // Then
        assertThat(seen.getString("text")).contains("401");
    }

    @Test
    void isNotHealthyWithAWrongAccount() throws Exception {
        // Given
        gatewayWithPassword("a-wrong-password");

        // When
        HttpResponse<Buffer> health = gateway.get("/api/health", KEY);
        HttpResponse<Buffer> call = gateway.get("/api/mlflow/api/2.0/mlflow/experiments/search?max_results=1", KEY);

        // Then
        assertThat(health.statusCode()).isEqualTo(503);
        assertThat(health.bodyAsString())
                .contains("{\"name\":\"connectivity\",\"status\":\"up\"}")
                .contains("{\"name\":\"api\",\"status\":\"down\",\"reason\":\"upstream_refuses_account\"}");
        assertThat(call.statusCode()).isEqualTo(501);
        assertThat(TestGateway.reason(call)).isEqualTo("upstream_refuses_account");
        assertThat(gateway.gateway().isReady()).isFalse();
    }

    private PythonClient gatewayWithPassword(String password) throws Exception {
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        Map<String, String> environment = TestGateway.environment(mlflow.uri().toString(), auth.url());
        environment.put("TORII_MLFLOW_USERNAME", "admin");
        environment.put("TORII_MLFLOW_PASSWORD", password);
        gateway = TestGateway.start(vertx, environment);
        return PythonClient.current();
    }
}

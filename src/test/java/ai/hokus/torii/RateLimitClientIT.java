package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What a data scientist whose key is limited sees in MLflow's real Python client: it tries a 429 again, and of the last
 * one it shows the status alone, never the body. The text is for whoever looks with curl, or into the access log.
 */
@Tag("mlflow")
class RateLimitClientIT {

    private static final String KEY = "hk_test_Zq7TestOnlyTestOnlyTestOnly0123";

    private Vertx vertx;
    private TestGateway gateway;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        gateway = TestGateway.start(
                vertx,
                RealMlflow.shared().uri().toString(),
                KEY,
                "TORII_RATELIMIT_MODE",
                "enforce",
                "TORII_RATELIMIT_PER_HOUR",
                "1");
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void showsTheStatusAndNotTheText() throws Exception {
        // Given
        assertThat(gateway.get("/api/mlflow/version", KEY).statusCode()).isEqualTo(200);

        // When
        JsonObject seen = PythonClient.current()
                .at(gateway.url() + "/api/mlflow")
                .token(KEY)
                .with("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
                .run("expect_failure.py")
                .facts();

        // Then
        assertThat(seen.getString("type")).isEqualTo("MlflowException");
        assertThat(seen.getString("text")).endsWith("(Caused by ResponseError('too many 429 error responses'))");
    }
}

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Files of all sizes and names come back as they went: the script compares their SHA-256. */
@Tag("mlflow")
class ArtifactsIT {

    private static final String KEY = "hk_test_Zq7TestOnlyTestOnlyTestOnly0123";
    private static final int BIG_FILE_MIB = 20;

    private Vertx vertx;
    private TestGateway gateway;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        gateway = TestGateway.start(
                vertx, TestGateway.environment(RealMlflow.shared().uri().toString(), auth.url()));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void carriesBigEmptyAndOddlyNamedFilesOfTheCurrentClient() throws Exception {
        assertCarriesArtifactsOf(PythonClient.current(), "3.17.2");
    }

    @Test
    void carriesBigEmptyAndOddlyNamedFilesOfTheClientOfMlflow2() throws Exception {
        assertCarriesArtifactsOf(PythonClient.ofMlflow2(), "2.22.5");
    }

    @Test
    void letsTheClientFallBackToAPlainUploadWhenItsStoreKnowsNoMultipart() throws Exception {
        // 501 and MLflow's own text tell the client so; both must pass unchanged
        assertCarriesArtifactsOf(
                PythonClient.current()
                        .with("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
                        .with("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "5242880"),
                "3.17.2");
    }

    private void assertCarriesArtifactsOf(PythonClient client, String version) throws Exception {
        // Given
        PythonClient configured = client.at(gateway.url() + "/api/mlflow").token(KEY);

        // When
        JsonObject facts = configured
                .run("artifacts_round_trip.py", Integer.toString(BIG_FILE_MIB))
                .facts();

        // Then
        assertThat(facts.getString("client")).isEqualTo(version);
        assertThat(facts.getInteger("big_file_mib")).isEqualTo(BIG_FILE_MIB);
        assertThat(facts.getJsonObject("sha256").fieldNames())
                .contains("big.bin", "empty.txt", "with space.txt", "模型 ü.txt", "100% sure.txt", "semi;colon.txt");
    }
}

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.cli.MlflowProcess;
import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a data scientist reads when something is wrong: the exception and its text, as the real client shows them. */
@Tag("mlflow")
class FailureTextsIT {

    private static final String KEY = "hk_test_Zq7TestOnlyTestOnlyTestOnly0123";
    private static final String UNKNOWN_KEY = "hk_test_NoSuchKeyNoSuchKeyNoSuchKey4567";

    private Vertx vertx;
    private StubAuthService auth;
    private TestGateway gateway;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        gateway = TestGateway.start(
                vertx, TestGateway.environment(RealMlflow.shared().uri().toString(), auth.url()));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void aBadKeyIsToldAtOnce() throws Exception {
        // When
        JsonObject seen = failure(client().token(UNKNOWN_KEY));

        // Then
        assertThat(seen.getString("type")).isEqualTo("RestException");
        assertThat(seen.getString("error_code")).isEqualTo("UNAUTHENTICATED");
        assertThat(seen.getString("text")).startsWith("UNAUTHENTICATED: Invalid or expired API key.");
        assertThat(seen.getDouble("seconds")).isLessThan(3);
    }

    @Test
    void aBadKeyIsToldAtOnceByTheClientOfMlflow2() throws Exception {
        // When
        JsonObject seen = failure(
                PythonClient.ofMlflow2().at(gateway.url() + "/api/mlflow").token(UNKNOWN_KEY));

        // Then
        assertThat(seen.getString("client")).isEqualTo("2.22.5");
        assertThat(seen.getString("type")).isEqualTo("RestException");
        assertThat(seen.getString("error_code")).isEqualTo("UNAUTHENTICATED");
        assertThat(seen.getString("text")).startsWith("UNAUTHENTICATED: Invalid or expired API key.");
    }

    @Test
    void aBadKeyIsToldWhenAnArtifactIsUploaded() throws Exception {
        // When
        JsonObject seen = failure(client().token(UNKNOWN_KEY), "upload", "mlflow-artifacts:/0/no-such-run/artifacts");

        // Then
        assertThat(seen.getString("type")).isEqualTo("HTTPError");
        assertThat(seen.getString("text")).contains("401", "Invalid or expired API key");
    }

    @Test
    void aMissingKeyIsToldWithTheVariableToSet() throws Exception {
        // When
        JsonObject seen = failure(client());

        // Then
        assertThat(seen.getString("type")).isEqualTo("RestException");
        assertThat(seen.getString("error_code")).isEqualTo("UNAUTHENTICATED");
        assertThat(seen.getString("text"))
                .startsWith("UNAUTHENTICATED: API key required. Set MLFLOW_TRACKING_TOKEN=<your key>");
    }

    @Test
    void aKeyThatIsNotAllowedIsToldSo() throws Exception {
        // Given
        auth.lying(403, "{\"detail\":\"Insufficient permissions\"}");

        // When
        JsonObject seen = failure(client().token(KEY));

        // Then
        assertThat(seen.getString("type")).isEqualTo("RestException");
        assertThat(seen.getString("error_code")).isEqualTo("PERMISSION_DENIED");
        assertThat(seen.getString("text"))
                .startsWith("PERMISSION_DENIED: The API key is known but not allowed here")
                .doesNotContain("Invalid");
    }

    @Test
    void anAuthServiceThatIsDownIsNotBlamedOnTheKey() throws Exception {
        // Given
        auth.server().stop();

        // When
        JsonObject seen = failure(withoutRetries().token(KEY));

        // Then
        assertThat(seen.getString("text")).contains("503").doesNotContain("Invalid or expired");
    }

    @Test
    void anAuthServiceThatExpectsAnotherFormIsToldAtOnce() throws Exception {
        // Given
        auth.lying(401, "{\"detail\":\"API key required\"}");

        // When
        JsonObject seen = failure(client().token(KEY));

        // Then
        assertNotImplemented(seen);
    }

    @Test
    void anAuthServiceWithoutSuchARouteIsToldAtOnce() throws Exception {
        // Given
        auth.lying(404, "{\"detail\":\"Not Found\"}");

        // When
        JsonObject seen = failure(client().token(KEY));

        // Then
        assertNotImplemented(seen);
    }

    @Test
    void anMlflowThatIsDownIsNotBlamedOnTheKey(@TempDir Path data) throws Exception {
        // Given
        TestGateway other;
        try (MlflowProcess mlflow = RealMlflow.startOwn(MlflowProcess.Options.in(data))) {
            other = TestGateway.start(
                    vertx, TestGateway.environment(mlflow.uri().toString(), auth.url()));
            String warm = withoutRetries()
                    .at(other.url() + "/api/mlflow")
                    .token(KEY)
                    .run("expect_failure.py")
                    .lastLine()
                    .encode();
            assertThat(warm).contains("\"failed\":false");
        }

        // When
        JsonObject seen =
                failure(withoutRetries().at(other.url() + "/api/mlflow").token(KEY));

        // Then
        assertThat(seen.getString("text")).contains("502").doesNotContain("Invalid or expired");
        other.stop();
    }

    @Test
    void aTrackingUriWithAWrongPathIsToldTheRightOne() throws Exception {
        // When
        JsonObject seen = failure(client().at(gateway.url() + "/mlfow").token(KEY));

        // Then
        assertThat(seen.getString("error_code")).isEqualTo("ENDPOINT_NOT_FOUND");
        assertThat(seen.getString("text")).contains("MLFLOW_TRACKING_URI=https://<this host>/api/mlflow");
    }

    @Test
    void aBodyThatIsTooLargeIsToldWithTheSettingAtOnce() throws Exception {
        // Given
        TestGateway strict = TestGateway.start(
                vertx,
                TestGateway.environment(
                        RealMlflow.shared().uri().toString(), auth.url(), "TORII_LIMITS_CONTROL_BODY", "2KiB"));

        // When
        JsonObject seen = failure(client().at(strict.url() + "/api/mlflow").token(KEY), "create", "3000");

        // Then
        assertThat(seen.getString("type")).isEqualTo("RestException");
        assertThat(seen.getString("text")).contains("larger than 2048 bytes (limits.control-body)");
        assertThat(seen.getDouble("seconds")).isLessThan(3);
        strict.stop();
    }

    private PythonClient client() throws Exception {
        return PythonClient.current().at(gateway.url() + "/api/mlflow");
    }

    /** With its seven retries the client would take four minutes to give up. */
    private PythonClient withoutRetries() throws Exception {
        return client().with("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
    }

    private static JsonObject failure(PythonClient client, String... arguments) throws Exception {
        JsonObject seen = client.run("expect_failure.py", arguments).facts();
        assertThat(seen.encode()).doesNotContain(KEY).doesNotContain(UNKNOWN_KEY);
        return seen;
    }

    /** 501 is not tried again, so the text is shown, and at once. */
    private static void assertNotImplemented(JsonObject seen) {
        assertThat(seen.getString("type")).isEqualTo("RestException");
        assertThat(seen.getString("error_code")).isEqualTo("NOT_IMPLEMENTED");
        assertThat(seen.getString("text"))
                .startsWith("NOT_IMPLEMENTED: The gateway and the auth service do not understand each other")
                .contains("Your key may well be valid");
        assertThat(seen.getDouble("seconds")).isLessThan(3);
    }
}

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RecordingMlflow;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** limits.control-body and limits.artifact-body, with and without a Content-Length. */
@ExtendWith(VertxExtension.class)
class BodyLimitsIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String FIELDS =
            " HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\nContent-Type: application/json\r\n";
    private static final String CONTROL = "POST /api/2.0/mlflow/runs/log-batch" + FIELDS;
    private static final String ARTIFACT = "PUT /api/2.0/mlflow-artifacts/artifacts/1/r/f" + FIELDS;
    private static final int LIMIT = 100 * 1024;

    private RecordingMlflow mlflow;
    private TestGateway gateway;

    @BeforeEach
    void startMlflow() throws IOException {
        mlflow = RecordingMlflow.start((connection, seen) -> connection.send(RecordingMlflow.OK));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
        mlflow.close();
    }

    private RawClient start(Vertx vertx, String... settings) throws Exception {
        gateway = TestGateway.start(vertx, mlflow.url(), KEY, settings);
        return new RawClient(gateway.port());
    }

    private static String sized(String head, int bytes) {
        return head + "Content-Length: " + bytes + "\r\n\r\n" + "x".repeat(bytes);
    }

    /** In chunks of 10 KiB. */
    private static String chunked(String head, int bytes) {
        String chunk = "2800\r\n" + "x".repeat(0x2800) + "\r\n";
        return head + "Transfer-Encoding: chunked\r\n\r\n" + chunk.repeat(bytes / 0x2800) + "0\r\n\r\n";
    }

    private static void assertRefused(String answer, String setting) {
        assertThat(answer)
                .startsWith("HTTP/1.1 413 ")
                .containsIgnoringCase("connection: close")
                .contains("X-Torii-Reason: body_too_large")
                .contains("The request body is larger than " + LIMIT + " bytes (" + setting + ")")
                .doesNotContainIgnoringCase("retry-after");
    }

    private void assertMlflowSawNoWholeRequest() {
        assertThat(mlflow.seen()).noneMatch(seen -> seen.request().isComplete());
    }

    @ParameterizedTest
    @CsvSource({"limits.control-body,CONTROL", "limits.artifact-body,ARTIFACT"})
    void refusesByTheLengthBeforeAByteOfTheBodyIsSent(String setting, String kind, Vertx vertx) throws Exception {
        // Given
        String head = kind.equals("CONTROL") ? CONTROL : ARTIFACT;
        try (RawClient caller = start(vertx, "TORII_LIMITS_" + kind + "_BODY", "100KiB")) {

            // When nothing but the head comes, and the caller waits to be asked for the rest
            caller.send(head + "Expect: 100-continue\r\nContent-Length: " + (LIMIT + 1) + "\r\n\r\n");

            // Then
            assertRefused(caller.readToEnd(), setting);
            assertThat(mlflow.seen()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"99999999999999999999", "0000000000000000000000102401", "9223372036854775807"})
    void refusesALengthThatIsNoNumberOfTheMachines(String length, Vertx vertx) throws Exception {
        try (RawClient caller = start(vertx, "TORII_LIMITS_CONTROL_BODY", "100KiB")) {
            // When
            caller.send(CONTROL + "Content-Length: " + length + "\r\n\r\n");

            // Then
            assertThat(caller.readToEnd()).matches("(?s)HTTP/1.1 4(13|00) .*");
            assertThat(mlflow.seen()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"spool", "stream"})
    void refusesABodyWithoutALengthAsSoonAsItIsTooLarge(String unknownLength, Vertx vertx) throws Exception {
        // Given
        try (RawClient caller =
                start(vertx, "TORII_LIMITS_CONTROL_BODY", "100KiB", "TORII_UPLOAD_UNKNOWN_LENGTH", unknownLength)) {

            // When
            caller.send(chunked(CONTROL, LIMIT + 0x2800));

            // Then
            assertRefused(caller.readToEnd(), "limits.control-body");
            assertMlflowSawNoWholeRequest();
            Await.until("the spool is empty", () -> gateway.metric("torii_spool_bytes") == 0);
        }
    }

    @Test
    void refusesADocumentWithoutALengthThatIsTooLarge(Vertx vertx) throws Exception {
        // Given a body that is read before it is known what it asks for
        try (RawClient caller = start(vertx, "TORII_LIMITS_CONTROL_BODY", "10KiB")) {

            // When
            String answer =
                    caller.send(chunked("POST /graphql" + FIELDS, 2 * 0x2800)).readUntil("request_id");

            // Then
            assertThat(answer).startsWith("HTTP/1.1 413 ").contains("larger than 10240 bytes (limits.control-body)");
            assertThat(mlflow.seen()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"spool", "stream"})
    void takesWhatIsNoLargerThanTheLimit(String unknownLength, Vertx vertx) throws Exception {
        try (RawClient caller =
                start(vertx, "TORII_LIMITS_CONTROL_BODY", "100KiB", "TORII_UPLOAD_UNKNOWN_LENGTH", unknownLength)) {
            // Then
            assertThat(caller.send(sized(CONTROL, LIMIT)).readUntil("{}")).startsWith("HTTP/1.1 200");
            assertThat(caller.send(chunked(CONTROL, LIMIT)).readUntil("{}")).startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void limitsNoArtifactByDefault(Vertx vertx) throws Exception {
        try (RawClient caller = start(vertx, "TORII_LIMITS_CONTROL_BODY", "1KiB")) {
            // Then
            assertThat(caller.send(sized(ARTIFACT, 1_000_000)).readUntil("{}")).startsWith("HTTP/1.1 200");
            assertThat(caller.send(chunked(ARTIFACT, 1_024_000)).readUntil("{}"))
                    .startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void limitsControlCallsTo16MiBByDefault(Vertx vertx) throws Exception {
        try (RawClient caller = start(vertx)) {
            // When
            caller.send(CONTROL + "Content-Length: " + ((16 << 20) + 1) + "\r\n\r\n");

            // Then
            assertThat(caller.readToEnd()).contains("larger than 16777216 bytes (limits.control-body)");
        }
    }

    @Test
    void asksForTheKeyFirst(Vertx vertx) throws Exception {
        try (RawClient caller = start(vertx, "TORII_LIMITS_CONTROL_BODY", "1KiB")) {
            // When
            caller.send("POST /api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n");

            // Then
            assertThat(caller.readToEnd()).startsWith("HTTP/1.1 401 ");
        }
    }
}

package ai.hokus.torii;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Pace;
import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.RawServer;
import ai.hokus.torii.support.RawServer.Connection;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The real Python client, which waits two seconds for an answer, and an MLflow that takes eight to copy an upload to its
 * store. What the interim answers look like is {@link InterimRulesIT}'s matter.
 */
@Tag("mlflow")
class InterimAnswerIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final int BYTES = 300_000;
    private static final int CLIENT_WAITS_SECONDS = 2;
    private static final int MLFLOW_TAKES_SECONDS = 8;

    /** The lengths of the uploads that came whole. */
    private final List<Integer> uploads = new CopyOnWriteArrayList<>();

    private Vertx vertx;
    private RawServer mlflow;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        mlflow = RawMlflow.start(this::store);
    }

    @AfterEach
    void stop() throws Exception {
        mlflow.close();
        vertx.close().await(10, SECONDS);
    }

    @Test
    void keepsThePythonClientWaitingForASlowMlflowByInterimAnswers() throws Exception {
        // Given
        TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY, "TORII_FORWARD_INTERIM_INTERVAL", "500ms");

        // When
        JsonObject outcome = upload(gateway);

        // Then
        assertThat(outcome.getBoolean("failed")).as("%s", outcome).isFalse();
        assertThat(uploads).containsExactly(BYTES);
        gateway.stop();
    }

    @Test
    void losesThePythonClientWhenTheInterimAnswersComeTooRarely() throws Exception {
        // Given the default, 30 seconds: right for a client that waits for 120
        TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);

        // When
        JsonObject outcome = upload(gateway);

        // Then
        assertThat(outcome.getBoolean("failed")).as("%s", outcome).isTrue();
        assertThat(outcome.getString("text")).contains("Read timed out", "read timeout=" + CLIENT_WAITS_SECONDS);
        gateway.stop();
    }

    private static JsonObject upload(TestGateway gateway) throws Exception {
        return PythonClient.current()
                .at(gateway.url() + "/api/mlflow")
                .token(KEY)
                .with("MLFLOW_HTTP_REQUEST_TIMEOUT", Integer.toString(CLIENT_WAITS_SECONDS))
                .with("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
                .run("upload_artifact.py", "mlflow-artifacts:/1/r/artifacts", Integer.toString(BYTES))
                .facts();
    }

    private void store(Connection connection, String head) throws IOException {
        assertThat(head).startsWith("PUT /api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/file.bin HTTP/1.1\r\n");
        uploads.add(connection.read(BYTES).length);
        Pace.hold(MLFLOW_TAKES_SECONDS, SECONDS);
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
}

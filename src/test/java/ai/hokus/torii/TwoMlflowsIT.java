package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.cli.MlflowProcess;
import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.PythonDialogue;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Two real MLflow servers over one store, of which one is killed and comes back while the real client registers. */
@Tag("mlflow")
@ExtendWith(VertxExtension.class)
class TwoMlflowsIT {

    private static final String KEY = "hk_test_twoTestOnlyTestOnlyTestOnly00000";

    @TempDir
    private Path data;

    private MlflowProcess first;
    private MlflowProcess second;
    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        first = RealMlflow.startOwn(MlflowProcess.Options.in(data));
        second = RealMlflow.startOwn(MlflowProcess.Options.in(data));
        String auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write").url();
        gateway = TestGateway.start(vertx, TestGateway.environment(first.uri() + "," + second.uri(), auth));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
        first.close();
        second.close();
    }

    /** As by a machine that fails: nobody asks it to end. */
    private static void kill(MlflowProcess mlflow) throws Exception {
        ProcessHandle root = ProcessHandle.of(mlflow.pid()).orElseThrow();
        root.descendants().forEach(ProcessHandle::destroyForcibly);
        root.destroyForcibly();
        mlflow.onExit().get(10, java.util.concurrent.TimeUnit.SECONDS);
    }

    private void awaitUp(MlflowProcess mlflow, int value) {
        String series = "torii_upstream_up{replica=\"" + mlflow.uri().getAuthority() + "\"} " + value;
        Await.until(
                series,
                Duration.ofSeconds(30),
                () -> gateway.manage("/metrics").bodyAsString().contains(series));
    }

    @Test
    void loseNothingOfAClientThatNeverTriesTwiceButWhatTheKilledOneHad() throws Exception {
        PythonClient client = PythonClient.current()
                .at(gateway.url() + "/api/mlflow")
                .token(KEY)
                .with("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
        try (PythonDialogue dialogue = client.start("register_until_told.py", "two")) {
            // Given
            dialogue.hear();
            dialogue.hear();

            // When
            int port = first.uri().getPort();
            kill(first);
            awaitUp(first, 0);
            dialogue.hear();
            first = RealMlflow.startOwn(
                    new MlflowProcess.Options(data, port, Duration.ofSeconds(90), List.of(), Map.of()));
            awaitUp(first, 1);
            dialogue.hear();
            dialogue.end();

            // Then
            JsonObject facts = dialogue.hear();
            while (!facts.containsKey("failed_reads")) {
                facts = dialogue.hear();
            }
            System.out.println("two MLflows, one killed and back: " + facts.encode());
            assertThat(facts.getJsonArray("failed_reads")).isEmpty();
            assertThat(facts.getJsonArray("failed_writes")).hasSizeLessThanOrEqualTo(1);
            assertThat(facts.getInteger("lost")).isLessThanOrEqualTo(0);
        }
    }
}

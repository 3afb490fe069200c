package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.RawServer;
import ai.hokus.torii.support.Relayed;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The packaged jar as a process that is told by signals to end. */
@ExtendWith(VertxExtension.class)
class SignalsIT {

    private final CompletableFuture<Void> downloading = new CompletableFuture<>();
    private final CompletableFuture<Void> uploading = new CompletableFuture<>();
    private final CompletableFuture<String> uploaded = new CompletableFuture<>();

    private RawServer mlflow;
    private Map<String, String> environment;

    @BeforeEach
    void prepare(Vertx vertx) throws Exception {
        // An MLflow whose downloads do not end, and which takes uploads as far as they come
        mlflow = RawMlflow.start((connection, head) -> {
            if (head.startsWith("PUT")) {
                uploading.complete(null);
                uploaded.complete(connection.readToEnd());
            } else if (head.contains("mlflow-artifacts")) {
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
                downloading.complete(null);
                connection.readToEnd();
            } else {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
            }
        });
        StubAuthService auth = StubAuthService.start(vertx).knowing(Relayed.KEY, "mlflow:write");
        environment = TestGateway.environment(mlflow.url(), auth.url());
    }

    private void patient() {
        environment.put("TORII_DRAIN_DELAY", "10m");
        environment.put("TORII_DRAIN_GRACE", "10m");
    }

    @ParameterizedTest
    @ValueSource(strings = {"INT", "HUP"})
    void endsInOrderAndWithZeroOnEachSignalThatAsksForIt(String signal) throws Exception {
        try (ToriiProcess torii = ToriiProcess.serve(environment)) {
            // When
            torii.signal(signal);

            // Then
            assertThat(torii.awaitExit()).isZero();
            assertThat(torii.output())
                    .contains("draining, because of SIG" + signal)
                    .contains("drained");
        }
    }

    @ParameterizedTest
    @CsvSource({"TERM,TERM", "TERM,INT"})
    void aSecondSignalResetsWhatIsInFlightAndStillEndsWithZero(String first, String second) throws Exception {
        // Given a download and an upload
        patient();
        try (ToriiProcess torii = ToriiProcess.serve(environment);
                RawClient reader = new RawClient(torii.apiPort());
                RawClient writer = new RawClient(torii.apiPort())) {
            reader.send("GET" + Relayed.ARTIFACT + "\r\n").readUntil("hello");
            writer.send("PUT" + Relayed.ARTIFACT + "Content-Length: 100000\r\n\r\n" + "x".repeat(99_999));
            downloading.get(10, TimeUnit.SECONDS);
            uploading.get(10, TimeUnit.SECONDS);
            torii.signal(first);
            torii.awaitLine("draining");

            // When
            torii.signal(second);

            // Then neither side of either can take it for whole
            assertThat(reader.readToEnd()).doesNotContain("0\r\n\r\n").endsWith("[reset]");
            assertThat(writer.readToEnd()).isEqualTo("\n[reset]");
            assertThat(uploaded.get(10, TimeUnit.SECONDS)).hasSizeLessThan(100_000);
            assertThat(torii.awaitExit()).isZero();
            assertThat(torii.output())
                    .contains("SIG" + second + " again")
                    .contains("requests in flight on")
                    .contains("drained");
        }
    }

    @Test
    void aSecondSignalCutsAQuickstartShort() throws Exception {
        // Given a download that would be waited for
        try (ToriiProcess quickstart = ToriiProcess.start(
                Map.of(),
                List.of(),
                "quickstart",
                "--mlflow-url",
                mlflow.url(),
                "--port",
                "0",
                "--management-port",
                "0",
                "--data",
                java.nio.file.Files.createTempDirectory("torii-signals-").toString())) {
            String uri = quickstart.awaitLine("export MLFLOW_TRACKING_URI=");
            String key = quickstart.awaitLine("export MLFLOW_TRACKING_TOKEN=").replaceAll(".*=", "");
            int port = Integer.parseInt(uri.replaceAll(".*127\\.0\\.0\\.1:([0-9]+).*", "$1"));
            quickstart.awaitLine("Ctrl-C");
            try (RawClient reader = new RawClient(port)) {
                reader.send("GET" + Relayed.ARTIFACT.replace(Relayed.KEY, key) + "\r\n")
                        .readUntil("hello");
                quickstart.signal("INT");
                quickstart.awaitLine("ending");

                // When
                quickstart.signal("INT");

                // Then
                assertThat(reader.readToEnd()).endsWith("[reset]");
                assertThat(quickstart.awaitExit()).isZero();
            }
        }
    }
}

package ai.hokus.torii;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.junit5.VertxExtension;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.management.ObjectName;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What looking for changes, and changes themselves, leave behind in numbers and in the log. */
@ExtendWith(VertxExtension.class)
class ReloadTracesIT {

    private static final String KEY = "hk_test_reload_TestOnly00000002";
    private static final String SEARCH = "/api/mlflow/api/2.0/mlflow/registered-models/search";
    private static final String REFUSED = "torii_config_reloads_total{outcome=\"refused\"}";

    @TempDir
    private Path folder;

    private StubServer stub;
    private String mlflow;
    private String byService;

    @BeforeEach
    void startDependencies(Vertx vertx) throws Exception {
        stub = StubServer.start(vertx);
        mlflow = "mlflow:\n  url: " + stub.url() + "\n";
        byService = mlflow + "auth:\n  http:\n    url: "
                + StubAuthService.start(vertx).knowing(KEY, "mlflow:write").url() + "\n";
    }

    /** A gateway that has everything from this file. */
    private static TestGateway gateway(Vertx vertx, Path file) throws Exception {
        Map<String, String> environment = TestGateway.environment("", null);
        environment.put("TORII_CONFIG", file.toString());
        environment.put("TORII_RELOAD_INTERVAL", "20ms");
        return TestGateway.start(vertx, environment);
    }

    private String byFile(Path keys) {
        return mlflow + "auth:\n  file:\n    path: " + keys + "\n";
    }

    @Test
    void showsNoNumbersOfAnAuthServiceThatIsNoLongerAsked(Vertx vertx) throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("torii.yaml"), byService);
        TestGateway gateway = gateway(vertx, file);
        String suspect = "torii_auth_contract_suspect";
        assertThat(gateway.manage("/metrics").bodyAsString()).contains(suspect, "torii_auth_breaker_state");

        // When
        Path keys = Files.writeString(folder.resolve("keys.yaml"), "keys: []\n");
        Files.writeString(file, byFile(keys));

        // Then
        Await.until(
                "the key file's turn",
                () -> !gateway.manage("/metrics").bodyAsString().contains(suspect));
        assertThat(gateway.manage("/metrics").bodyAsString())
                .doesNotContain("torii_auth_breaker_state", "torii_verdict_cache");
    }

    @Test
    void saysOnceThatRefusalsAreRehearsedHoweverOftenARefusedOneIsTried(Vertx vertx) throws Exception {
        // Given
        String rehearsed = "authorization:\n  mode: report\n";
        Path file = Files.writeString(folder.resolve("torii.yaml"), byService + rehearsed);
        Path keys = folder.resolve("keys.yaml");
        try (Remarks remarks = new Remarks()) {
            TestGateway gateway = gateway(vertx, file);

            // When it names a key file that is not there for a while
            Files.writeString(file, byFile(keys) + rehearsed);
            Await.until("refused", () -> gateway.metric(REFUSED) == 1);
            Files.writeString(keys, "keys: []\n");
            Await.until("taken", () -> gateway.metric("torii_config_reload_successful") == 1);

            // Then
            assertThat(remarks.lines).hasSize(1);
        }
    }

    @Test
    void keepsNothingOfRoomsBehindTheirLastExchange(Vertx vertx) throws Exception {
        // Given a download that outlasts a change
        Promise<Void> begun = Promise.promise();
        Promise<Void> goOn = Promise.promise();
        stub.answering((request, response) -> {
            begun.tryComplete();
            goOn.future().onSuccess(v -> response.end("{}"));
        });
        Path file = Files.writeString(folder.resolve("torii.yaml"), byService);
        TestGateway gateway = gateway(vertx, file);
        long before = living(LoopRooms.class);
        Future<?> download = gateway.request(HttpMethod.GET, SEARCH)
                .bearerTokenAuthentication(KEY)
                .send();
        begun.future().await(10, SECONDS);
        Files.writeString(file, byService + "forward:\n  queue: 7\n");
        Await.until("applied", () -> gateway.metric("torii_config_reloads_total{outcome=\"applied\"}") == 1);

        // When
        goOn.complete();
        download.await(10, SECONDS);

        // Then
        Await.until("the old rooms are gone", () -> living(LoopRooms.class) <= before);
    }

    /** How many objects of this class are left behind a garbage collection. */
    private static long living(Class<?> type) throws Exception {
        Object histogram = ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcClassHistogram",
                        new Object[] {new String[0]},
                        new String[] {String[].class.getName()});
        return histogram
                .toString()
                .lines()
                .map(line -> line.trim().split("\\s+"))
                .filter(cells -> cells.length > 3 && cells[3].equals(type.getName()))
                .mapToLong(cells -> Long.parseLong(cells[1]))
                .sum();
    }

    /** What is remarked about rooms that are built. */
    private static final class Remarks extends AppenderBase<ILoggingEvent> implements AutoCloseable {

        private final Logger logger = (Logger) LoggerFactory.getLogger(Rooms.class);
        private final Queue<String> lines = new ConcurrentLinkedQueue<>();

        Remarks() {
            start();
            logger.addAppender(this);
        }

        @Override
        protected void append(ILoggingEvent event) {
            lines.add(event.getFormattedMessage());
        }

        @Override
        public void close() {
            logger.detachAppender(this);
        }
    }
}

package ai.hokus.torii;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The running gateway follows its configuration's files. */
@ExtendWith(VertxExtension.class)
class ReloadIT {

    private static final String KEY = "hk_test_reload_TestOnly00000001";
    private static final String SEARCH = "/api/mlflow/api/2.0/mlflow/registered-models/search";
    private static final String APPLIED = "torii_config_reloads_total{outcome=\"applied\"}";
    private static final String REFUSED = "torii_config_reloads_total{outcome=\"refused\"}";
    private static final String SUCCESSFUL = "torii_config_reload_successful";

    @TempDir
    private Path folder;

    private StubServer old;
    private StubServer next;
    private Path file;

    @BeforeEach
    void startTwoMlflowsAndNameTheOldOne(Vertx vertx) throws Exception {
        old = mlflow(vertx, "old");
        next = mlflow(vertx, "next");
        file = Files.writeString(folder.resolve("torii.yaml"), of(old));
    }

    /** A gateway that has this file, and otherwise no address of MLflow. */
    private TestGateway gateway(Vertx vertx, Path file, String... settings) throws Exception {
        String auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write").url();
        Map<String, String> environment = TestGateway.environment("", auth, settings);
        environment.put("TORII_CONFIG", file.toString());
        environment.put("TORII_RELOAD_INTERVAL", "50ms");
        return TestGateway.start(vertx, environment);
    }

    private static StubServer mlflow(Vertx vertx, String name) throws Exception {
        return StubServer.start(vertx).answering((request, response) -> response.end(name));
    }

    private static String of(StubServer mlflow, String... lines) {
        return "mlflow:\n  url: " + mlflow.url() + "\n" + String.join("\n", lines) + "\n";
    }

    private static void replace(Path file, String text) throws Exception {
        Path next = Files.writeString(file.resolveSibling("next"), text);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void awaitMetric(TestGateway gateway, String series, double value) throws Exception {
        Await.until(series + " " + value, () -> gateway.metric(series) == value);
    }

    @Test
    void goesOverToAnotherMlflowWithoutALostRequest(Vertx vertx) throws Exception {
        // Given
        TestGateway gateway = gateway(vertx, file);
        AtomicBoolean stop = new AtomicBoolean();
        List<Future<Integer>> callers =
                IntStream.range(0, 8).mapToObj(i -> callUntil(gateway, stop)).toList();

        // When
        replace(file, of(next));
        Await.until(
                "the other MLflow",
                () -> gateway.get(SEARCH, KEY).bodyAsString().equals("next"));
        stop.set(true);

        // Then
        Future.all(callers).await(10, SECONDS);
        assertThat(callers).allSatisfy(calls -> assertThat(calls.result()).isPositive());
        assertThat(gateway.metric(APPLIED)).isEqualTo(1);
    }

    /** Calls one after the other; fails at the first that is not answered by MLflow. */
    private static Future<Integer> callUntil(TestGateway gateway, AtomicBoolean stop) {
        return gateway.request(HttpMethod.GET, SEARCH)
                .bearerTokenAuthentication(KEY)
                .send()
                .compose(answer -> {
                    if (answer.statusCode() != 200) {
                        return Future.failedFuture(answer.statusCode() + " " + answer.bodyAsString());
                    }
                    return stop.get()
                            ? Future.succeededFuture(1)
                            : callUntil(gateway, stop).map(calls -> calls + 1);
                });
    }

    @Test
    void takesASecondMlflowInAndTheFirstOut(Vertx vertx) throws Exception {
        // Given
        TestGateway gateway = gateway(vertx, file);
        AtomicBoolean stop = new AtomicBoolean();
        List<Future<Integer>> callers =
                IntStream.range(0, 8).mapToObj(i -> callUntil(gateway, stop)).toList();

        // When
        replace(file, "mlflow:\n  url:\n    - " + old.url() + "\n    - " + next.url() + "\n");
        awaitMetric(gateway, APPLIED, 1);
        Await.until("both are asked", () -> next.forwarded().size() > 10);
        replace(file, of(next));
        awaitMetric(gateway, APPLIED, 2);
        Await.until(
                "one is named",
                () -> gateway.manage("/metrics")
                                .bodyAsString()
                                .lines()
                                .filter(line -> line.startsWith("torii_upstream_up{"))
                                .toList()
                                .size()
                        == 1);
        stop.set(true);

        // Then
        for (Future<Integer> caller : callers) {
            assertThat(caller.await(10, SECONDS)).isPositive();
        }
        gateway.stop();
    }

    @Test
    void letsADownloadEndWhereItBegan(Vertx vertx) throws Exception {
        // Given
        Promise<Void> goOn = Promise.promise();
        Promise<Void> begun = Promise.promise();
        old.answering((request, response) -> {
            response.setChunked(true).write("first ");
            begun.tryComplete();
            goOn.future().onSuccess(v -> response.end("last"));
        });
        TestGateway gateway = gateway(vertx, file);
        Future<HttpResponse<Buffer>> download = gateway.request(HttpMethod.GET, SEARCH)
                .bearerTokenAuthentication(KEY)
                .send();
        begun.future().await(5, SECONDS);

        // When
        replace(file, of(next));
        awaitMetric(gateway, APPLIED, 1);
        assertThat(gateway.get(SEARCH, KEY).bodyAsString()).isEqualTo("next");
        goOn.complete();

        // Then
        assertThat(download.await(5, SECONDS).bodyAsString()).isEqualTo("first last");
        Await.until("the old connections' end", () -> gateway.metric("torii_upstream_connections") <= 3);
    }

    @Test
    void followsALinkThatIsSwappedAsKubernetesDoesIt(Vertx vertx) throws Exception {
        // Given a mounted ConfigMap: linked.yaml -> ..data/torii.yaml, ..data -> ..1
        Files.writeString(Files.createDirectory(folder.resolve("..1")).resolve("torii.yaml"), of(old));
        Files.writeString(Files.createDirectory(folder.resolve("..2")).resolve("torii.yaml"), of(next));
        Files.createSymbolicLink(folder.resolve("..data"), Path.of("..1"));
        file = Files.createSymbolicLink(folder.resolve("linked.yaml"), Path.of("..data/torii.yaml"));
        TestGateway gateway = gateway(vertx, file);

        // When
        Path swapped = Files.createSymbolicLink(folder.resolve("..tmp"), Path.of("..2"));
        Files.move(swapped, folder.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);

        // Then
        Await.until(
                "the other MLflow",
                () -> gateway.get(SEARCH, KEY).bodyAsString().equals("next"));
    }

    @Test
    void refusesWhatIsInvalidAndStaysAsItWas(Vertx vertx) throws Exception {
        // Given
        TestGateway gateway = gateway(vertx, file);
        assertThat(gateway.metric(SUCCESSFUL)).isEqualTo(1);

        // When
        replace(file, of(old, "forward:", "  queue: many"));

        // Then
        awaitMetric(gateway, SUCCESSFUL, 0);
        assertThat(gateway.metric(REFUSED)).isEqualTo(1);
        assertThat(gateway.get(SEARCH, KEY).bodyAsString()).isEqualTo("old");

        // When
        replace(file, of(old, "forward:", "  queue: 7"));

        // Then
        awaitMetric(gateway, SUCCESSFUL, 1);
    }

    @Test
    void saysWhatTakesARestart(Vertx vertx) throws Exception {
        // Given
        TestGateway gateway = gateway(vertx, file);

        // When
        replace(file, of(old, "management:", "  host: 127.0.0.9", "cors:", "  origins: https://new.example"));

        // Then
        awaitMetric(gateway, "torii_config_restart_pending", 1);
        MultiMap fields = MultiMap.caseInsensitiveMultiMap()
                .add("Origin", "https://new.example")
                .add("Authorization", "Bearer " + KEY);
        assertThat(gateway.get(SEARCH, fields).getHeader("Access-Control-Allow-Origin"))
                .as("what came with it is in force")
                .isEqualTo("https://new.example");
    }

    @Test
    void takesTheNewSecretOfAFile(Vertx vertx) throws Exception {
        // Given
        Path token = Files.writeString(folder.resolve("token"), "first-token-TestOnly\n");
        TestGateway gateway = gateway(vertx, file, "TORII_ADMIN_TOKEN_FILE", token.toString());
        assertThat(purge(gateway, "first-token-TestOnly")).isEqualTo(200);

        // When
        replace(token, "second-token-TestOnly\n");

        // Then
        Await.until("the second token", () -> purge(gateway, "second-token-TestOnly") == 200);
        assertThat(purge(gateway, "first-token-TestOnly")).isEqualTo(401);
    }

    private static int purge(TestGateway gateway, String token) throws Exception {
        return gateway.order(HttpMethod.POST, "/admin/verdicts/purge", token).statusCode();
    }

    @Test
    void remembersVerdictsThroughAChangeOfOtherThings(Vertx vertx) throws Exception {
        // Given
        TestGateway gateway = gateway(vertx, file);
        gateway.get(SEARCH, KEY);

        // When
        replace(file, of(old, "forward:", "  head-timeout: 59s"));
        awaitMetric(gateway, APPLIED, 1);

        // Then
        gateway.get(SEARCH, KEY);
        assertThat(gateway.metric("torii_verdicts_total{outcome=\"accepted\",source=\"call\"}"))
                .isEqualTo(1);
    }

    @Test
    void followsTheFileItWasStartedWith(Vertx vertx) throws Exception {
        // Given
        String auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write").url();
        Map<String, String> environment = TestGateway.environment("", auth, "TORII_RELOAD_INTERVAL", "50ms");
        environment.put("TORII_CONFIG", file.toString());
        environment.remove("MLFLOW_SERVER_URL");
        try (ToriiProcess torii = ToriiProcess.serve(environment)) {
            // When
            replace(
                    file,
                    of(
                            old,
                            "forward:",
                            "  queue: 7",
                            "log:",
                            "  format: json",
                            "admin:",
                            "  token: never-printed-TestOnly"));

            // Then
            assertThat(torii.awaitLine("the configuration has changed"))
                    .contains("the configuration has changed: admin.token, forward.queue, log.format")
                    .startsWith("{");
            torii.terminate();
            assertThat(torii.awaitExit()).isZero();
            assertThat(torii.output()).doesNotContain("never-printed-TestOnly");
        }
    }
}

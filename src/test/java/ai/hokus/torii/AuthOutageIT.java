package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.AuthServiceProcess;
import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real client, without retries, registers models while a real auth service dies, hangs and comes back. */
@Tag("mlflow")
class AuthOutageIT {

    private static final int REGISTRATIONS = 2;

    /** The client imports half of Python before it asks for anything. */
    private static final Duration STARTING = Duration.ofMinutes(1);

    @TempDir
    private Path folder;

    private Vertx vertx;
    private AuthServiceProcess auth;
    private TestGateway gateway;
    private PythonClient client;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        Path keys = folder.resolve("keys.yaml");
        String key = AuthServiceProcess.newKey(keys);
        auth = AuthServiceProcess.start(keys);
        Map<String, String> environment =
                TestGateway.environment(RealMlflow.shared().uri().toString(), auth.url());
        environment.put("TORII_API_INSTANCES", "2");
        // Short, so that every verdict ends during the outage, several times.
        environment.put("TORII_AUTH_CACHE_TTL", "1s");
        environment.put("AUTH_SERVICE_TIMEOUT", "1s");
        gateway = TestGateway.start(vertx, environment);
        client = PythonClient.current()
                .at(gateway.url() + "/api/mlflow")
                .token(key)
                .with("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
        auth.close();
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    private CompletableFuture<JsonObject> registration() {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return client.run("register_model.py", "m-" + UUID.randomUUID()).facts();
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
            }
        });
    }

    /** Registers models one beside the other while this goes on. */
    private void registerWhile(Disturbance disturbance) throws Exception {
        List<CompletableFuture<JsonObject>> running = new ArrayList<>();
        for (int i = 0; i < REGISTRATIONS; i++) {
            running.add(registration());
        }
        CompletableFuture<Void> all = CompletableFuture.allOf(running.toArray(CompletableFuture[]::new));
        while (!all.isDone()) {
            disturbance.happen(all);
        }
        all.get(3, TimeUnit.MINUTES);
    }

    /** Something that happens to the auth service, again and again until this is done. */
    private interface Disturbance {
        void happen(CompletableFuture<Void> done) throws Exception;
    }

    private double stale() throws Exception {
        return gateway.metric("torii_verdicts_total{outcome=\"accepted\",source=\"stale\"}");
    }

    private void awaitStale(double more, CompletableFuture<Void> done) throws Exception {
        double before = stale();
        Await.until("old verdicts serve", STARTING, () -> done.isDone() || stale() >= before + more);
    }

    private void assertNothingFailed() throws Exception {
        String failed = gateway.manage("/metrics")
                .bodyAsString()
                .lines()
                .filter(line -> line.startsWith("torii_requests_total") && line.contains("status=\"5xx\""))
                .reduce("", String::concat);
        assertThat(failed).isEmpty();
        assertThat(stale()).isGreaterThan(20);
    }

    @Test
    void registersEveryModelWhileTheAuthServiceIsKilledAndRevived() throws Exception {
        // Given
        registration().get(3, TimeUnit.MINUTES);

        // When
        registerWhile(done -> {
            auth.kill();
            awaitStale(10, done);
            auth.startAgain();
        });

        // Then
        assertNothingFailed();
    }

    @Test
    void registersEveryModelWhileTheAuthServiceHangs() throws Exception {
        // Given
        registration().get(3, TimeUnit.MINUTES);

        // When
        registerWhile(done -> {
            auth.freeze();
            awaitStale(10, done);
            auth.thaw();
            awaitFresh(done);
        });

        // Then
        assertNothingFailed();
    }

    private void awaitFresh(CompletableFuture<Void> done) throws Exception {
        double before = gateway.metric("torii_auth_lookups_total{outcome=\"accepted\"}");
        Await.until(
                "it is asked again",
                STARTING,
                () -> done.isDone() || gateway.metric("torii_auth_lookups_total{outcome=\"accepted\"}") > before);
    }
}

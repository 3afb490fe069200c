package ai.hokus.torii.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.PythonClient;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The development overlay without a cluster: its pods as processes of this machine, and the real client against them. */
@Tag("mlflow")
@Tag("cluster")
@NeedsPeer(program = "kustomize", install = "go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1")
@NeedsPeer(program = "redis-server", install = "apt-get install redis-server")
class DevOverlayIT {

    @TempDir
    private Path folder;

    @Test
    void registersAModelWithTheKeyThatTheLogShowsAndEndsInOrder() throws Exception {
        // Given
        Rendered all = Combination.DEV.rendered();
        Pod mlflow = pod(all, "mlflow");
        Pod redis = pod(all, "redis");
        Pod torii = pod(all, "torii");
        try (Kubelet kubelet = new Kubelet(all, folder)) {
            Running store = kubelet.start(redis, redis.container("redis"));
            Running server = kubelet.start(mlflow, mlflow.container("mlflow"));
            Running key = kubelet.runToItsEnd(torii, torii.container("key"));
            kubelet.runToItsEnd(torii, torii.container("admin-token"));
            kubelet.awaitReady(redis, redis.container("redis"), store);
            Running gateway = kubelet.start(torii, torii.container("torii"));
            kubelet.awaitReady(mlflow, mlflow.container("mlflow"), server);
            kubelet.awaitReady(torii, torii.container("torii"), gateway);

            // When
            JsonObject facts = PythonClient.current()
                    .at("http://" + kubelet.ports().here("torii:80") + "/api/mlflow")
                    .token(keyIn(key.log()))
                    .run("register_model.py", "model-of-the-overlay")
                    .facts();

            // Then
            assertThat(facts.getInteger("version")).isEqualTo(1);
            assertThat(facts.getString("status")).isEqualTo("READY");
            assertThat(Files.list(kubelet.folder(mlflow).folder("data")))
                    .extracting(path -> path.getFileName().toString())
                    .contains("mlflow.db", "artifacts");
            assertThat(kubelet.passes(torii, torii.container("torii").at("livenessProbe")))
                    .isTrue();
            endsInOrder(kubelet, torii, gateway);
            assertThat(server.terminate(grace(mlflow))).isZero();
            assertThat(store.terminate(grace(redis))).isZero();
        }
    }

    /** As the kubelet does it: preStop, in which all is as ever, then the signal, then what is left of the grace period. */
    private static void endsInOrder(Kubelet kubelet, Pod torii, Running gateway) throws Exception {
        Node container = torii.container("torii");
        Duration sleep = Duration.ofSeconds(
                container.at("lifecycle.preStop.sleep.seconds").number());
        long asleep = System.nanoTime() + sleep.toNanos();
        Await.until("preStop is over", sleep.plusSeconds(10), () -> {
            assertThat(kubelet.passes(torii, container.at("readinessProbe"))).isTrue();
            return System.nanoTime() > asleep;
        });
        assertThat(gateway.terminate(grace(torii).minus(sleep))).isZero();
        assertThat(gateway.log())
                .contains("listens for revocations", "draining", "drained")
                .doesNotContain("Redis does not");
    }

    private static Duration grace(Pod pod) {
        int seconds = pod.spec().at("terminationGracePeriodSeconds").number();
        return Duration.ofSeconds(seconds == -1 ? 30 : seconds);
    }

    private static Pod pod(Rendered all, String name) {
        return new Pod(all, all.one("Deployment", name));
    }

    /** What an operator reads in the log of the init container. */
    private static String keyIn(String log) {
        Matcher key = Pattern.compile("(?m)^hk_\\S+$").matcher(log);
        if (!key.find()) {
            throw new AssertionError("no key in the log:\n" + log);
        }
        return key.group();
    }
}

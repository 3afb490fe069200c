package ai.hokus.torii.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.NeedsPeer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The gateway's container with what the manifests give it: environment, files, arguments, limits. */
@Tag("cluster")
@NeedsPeer(program = "kustomize", install = "go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1")
class ContainerIT {

    @TempDir
    private Path folder;

    private static Pod gateway(Rendered all) {
        return new Pod(all, all.gateway());
    }

    /** Runs a command in place of "serve", as {@code kubectl run} with other arguments would. */
    private Running run(Rendered all, String command) throws Exception {
        Rendered other = all.with("Deployment", "torii", "spec.template.spec.containers.0.args", List.of(command));
        Pod pod = gateway(other);
        try (Kubelet kubelet = new Kubelet(other, folder)) {
            kubelet.folder(pod).writeStandIns();
            Running running = kubelet.start(pod, pod.container("torii"));
            running.awaitExit(Duration.ofSeconds(30));
            return running;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlays/dev", "overlays/production"})
    void passesCheckConfig(String overlay) throws Exception {
        // Given
        Rendered all = new Combination(overlay, List.of()).rendered();

        // When
        Running ended = run(all, "check-config");

        // Then
        assertThat(ended.process().exitValue()).as(ended.log()).isZero();
        assertThat(ended.log())
                .containsPattern("mlflow.url +http://\\S+ +MLFLOW_SERVER_URL")
                .containsPattern("redis.url +\\[redacted]")
                .containsPattern("admin.token +\\[redacted]")
                .containsPattern("log.format +json +\\S+/torii.yaml")
                .containsPattern("spool.directory +\\S+/spool +\\S+/torii.yaml");
    }

    @Test
    void isToldByCheckConfigWhatIsWrong() throws Exception {
        // Given
        Rendered all = Combination.PRODUCTION
                .rendered()
                .with(
                        "Deployment",
                        "torii",
                        "spec.template.spec.containers.0.env.+",
                        Map.of("name", "TORII_DRAIN_GRACE", "value", "soon"));

        // When
        Running ended = run(all, "check-config");

        // Then
        assertThat(ended.process().exitValue()).isEqualTo(78);
        assertThat(ended.log()).contains("1 problem", "TORII_DRAIN_GRACE");
    }

    /** MLflow, the auth service and Redis are at addresses where nobody listens. */
    @Test
    void isAliveAndNotReadyWhileWhatItNeedsIsDown() throws Exception {
        // Given
        Rendered all = Combination.PRODUCTION.rendered();
        Pod pod = gateway(all);
        Node container = pod.container("torii");
        try (Kubelet kubelet = new Kubelet(all, folder)) {
            kubelet.folder(pod).writeStandIns();

            // When
            Running running = kubelet.start(pod, container);
            running.await(
                    "startupProbe", Duration.ofSeconds(60), () -> kubelet.passes(pod, container.at("startupProbe")));

            // Then
            assertThat(kubelet.status(pod, container.at("livenessProbe.httpGet")))
                    .isEqualTo(200);
            assertThat(kubelet.status(pod, container.at("readinessProbe.httpGet")))
                    .isEqualTo(503);
            assertThat(running.log().lines()).allMatch(line -> line.startsWith("{"));
        }
    }
}

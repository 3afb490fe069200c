package ai.hokus.torii.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckConfigCommandTest {

    @Test
    void printsEverySettingWithItsValueAndWhereItCameFrom(@TempDir Path folder) throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("torii.yaml"), "drain:\n  grace: 7s\n");
        Map<String, String> environment = Map.of(
                "MLFLOW_SERVER_URL", "http://mlflow.test:5000",
                "HOKUSAI_AUTH_SERVICE_URL", "http://auth.test:8000",
                "TORII_MLFLOW_USERNAME", "torii",
                "TORII_MLFLOW_PASSWORD", "hunter2");

        // When
        ChildJvm.Ended ended = ChildJvm.start(environment, "check-config", "--config", file.toString())
                .end();

        // Then
        assertThat(ended.exitCode()).isZero();
        assertThat(ended.out().lines().map(line -> line.trim().replaceAll(" {2,}", " | ")))
                .contains(
                        "mlflow.url | http://mlflow.test:5000 | MLFLOW_SERVER_URL",
                        "mlflow.password | [redacted] | TORII_MLFLOW_PASSWORD",
                        "drain.grace | 7s | " + file,
                        "drain.delay | 5s | default",
                        "auth.file.path | not set")
                .hasSizeGreaterThan(40);
        assertThat(ended.out() + ended.err()).doesNotContain("hunter2");
    }

    @Test
    void printsEveryProblemAndEndsWith78() throws Exception {
        // Given
        Map<String, String> environment =
                Map.of("HOKUSAI_AUTH_SERVICE_URL", "http://auth.test:8000", "TORII_AUTH_CACHE_TTL", "3600");

        // When
        ChildJvm.Ended ended = ChildJvm.start(environment, "check-config").end();

        // Then
        assertThat(ended.exitCode()).isEqualTo(78);
        assertThat(ended.out()).isEmpty();
        assertThat(ended.err()).isEqualToIgnoringNewLines("""
                cannot start: 2 problems in the configuration
                  MLFLOW_SERVER_URL      is not set; say where MLflow is, e.g. http://mlflow:5000
                  TORII_AUTH_CACHE_TTL   must be between 0s and 10m, but is '3600' (no unit)
                """);
    }

    @Test
    void knowsWhatDoesNotFitTheCatalogueOfOperations() throws Exception {
        // Given
        Map<String, String> environment = Map.of(
                "MLFLOW_SERVER_URL", "http://mlflow.test:5000",
                "HOKUSAI_AUTH_SERVICE_URL", "http://auth.test:8000",
                "TORII_AUTHORIZATION_OPERATIONS", "deletRun=write",
                "TORII_AUTHORIZATION_MODE", "repot",
                "TORII_AUTHORIZATION_ROUTES",
                        "GET /api/2.0/mlflow/logged-models/<id>=read,"
                                + "GET /api/2.0/mlflow/runs/get=read,"
                                + "GET /api/2.0/mlflow/fine=read");

        // When
        ChildJvm.Ended ended = ChildJvm.start(environment, "check-config").end();

        // Then
        assertThat(ended.exitCode()).isEqualTo(78);
        assertThat(ended.err())
                .contains("4 problems", "TORII_AUTHORIZATION_MODE", "TORII_AUTHORIZATION_OPERATIONS")
                .contains("names 'deletRun', which is no operation; `torii operations` lists them")
                .contains("holds 'GET /api/2.0/mlflow/logged-models/<id>', but it is there already")
                .contains("holds 'GET /api/2.0/mlflow/runs/get', but it is there already")
                .doesNotContain("fine");
    }

    @Test
    void listsTheOperationsItKnows() throws Exception {
        // When
        ChildJvm.Ended ended = ChildJvm.start(Map.of(), "operations").end();

        // Then
        assertThat(ended.exitCode()).isZero();
        assertThat(ended.out().lines().map(line -> line.replaceAll(" {2,}", " | ")))
                .contains("createRun | write | POST /api/2.0/mlflow/runs/create | /ajax-api/2.0/mlflow/runs/create")
                .hasSizeGreaterThan(300);
    }
}

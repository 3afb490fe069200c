package ai.hokus.torii.mlflow;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.exchange.Operation;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AreasTest {

    @ParameterizedTest
    @CsvSource({
        "/api/2.0/mlflow/experiments/search, experiments",
        "/ajax-api/2.0/mlflow/experiments/search, experiments",
        "/api/2.0/preview/mlflow/experiments/list, experiments",
        "/api/2.0mlflow/experiments/search-datasets, experiments",
        "/api/2.0/mlflow/runs/create, runs",
        "/api/2.0/mlflow/metrics/get-history, metrics",
        "/api/2.0/mlflow/artifacts/list, artifacts",
        "/api/2.0/mlflow/logged-models, logged-models",
        "/api/2.0/mlflow/logged-models/m-1/params, logged-models",
        "/api/2.0/mlflow/registered-models/create, registry",
        "/api/2.0/mlflow/model-versions/create, registry",
        "/api/3.0/mlflow/traces/search, traces",
        "/api/3.0/mlflow/datasets/create, datasets",
        "/api/3.0/mlflow/scorers/register, scorers",
        "/api/2.0/mlflow/webhooks, webhooks",
        "/api/2.0/mlflow/users/create, users",
        "/api/3.0/mlflow/workspaces, workspaces",
        "/ajax-api/2.0/mlflow/gateway-proxy, ai-gateway",
        "/api/2.0/mlflow/gateway/x, ai-gateway",
        "/gateway/chat/invocations, ai-gateway",
        "/ajax-api/3.0/jobs/, jobs",
        "/ajax-api/3.0/jobs/cancel/x, jobs",
        "/api/2.0/mlflow-artifacts/mpu/create/0/r/a, artifacts-proxy",
        "/, ui",
        "/static-files/main.js, ui",
        "/graphql, graphql",
        "/version, server",
        "/health, server",
        "/v1/traces, traces",
        "/api/2.0/mlflow/unheard-of, other",
        "/api/2.0/unheard-of/x, other",
        "/api/2.0/, other",
        "/api/2.0, other",
        "/api/, other",
        "/API/2.0/mlflow/runs/create, other",
        "/anything, other"
    })
    void namesTheAreaOfAPath(String path, String area) {
        // Given the path

        // When
        Operation operation = Areas.of(path, "POST");

        // Then
        assertThat(operation.area()).isEqualTo(area);
        assertThat(operation.isArtifactTransfer()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /api/2.0/mlflow/runs/get, true",
        "HEAD, /api/2.0/mlflow/runs/get, true",
        "GET, /anything, true",
        "POST, /api/2.0/mlflow/runs/search, true",
        "POST, /ajax-api/3.0/mlflow/traces/search, true",
        "POST, /api/2.0/preview/mlflow/runs/search, true",
        "POST, /ajax-api/2.0/mlflow/experiments/search-datasets, true",
        "POST, /api/2.0/mlflow/registered-models/get-latest-versions, true",
        "POST, /api/2.0/mlflow/runs/create, false",
        "POST, /graphql, false",
        "POST, /v1/traces, false",
        "POST, /search, false",
        "PUT, /api/2.0/mlflow-artifacts/artifacts/0/r/search, false",
        "PATCH, /api/2.0/mlflow/runs/search, false",
        "DELETE, /api/2.0/mlflow/runs/search, false",
        "get, /api/2.0/mlflow/runs/get, false"
    })
    void callsReadOnlyWhatCertainlyChangesNothing(String method, String path, boolean isRead) {
        // Given the path

        // When
        Operation operation = Areas.of(path, method);

        // Then
        assertThat(operation.isRead()).isEqualTo(isRead);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /api/2.0/mlflow-artifacts/artifacts/0/r/a, artifacts-proxy",
        "PUT, /ajax-api/2.0/mlflow-artifacts/artifacts/0/r/a, artifacts-proxy",
        "POST, /api/2.0/mlflow-artifacts/mpu/complete/0/r/a, artifacts-proxy",
        "GET, /get-artifact, artifacts",
        "GET, /model-versions/get-artifact, artifacts",
        "POST, /ajax-api/2.0/mlflow/upload-artifact, artifacts"
    })
    void knowsWhichOperationsMoveArtifactBytes(String method, String path, String area) {
        // Given the path

        // When
        Operation operation = Areas.of(path, method);

        // Then
        assertThat(operation.area()).isEqualTo(area);
        assertThat(operation.isArtifactTransfer()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "DELETE, /api/2.0/mlflow-artifacts/artifacts/0/r/a, artifacts-proxy",
        "POST, /api/2.0/mlflow-artifacts/mpu/create/0/r/a, artifacts-proxy",
        "POST, /api/2.0/mlflow-artifacts/mpu/abort/0/r/a, artifacts-proxy",
        "GET, /api/2.0/mlflow/artifacts/list, artifacts"
    })
    void knowsWhichOperationsOnArtifactsAreAnsweredAtOnce(String method, String path, String area) {
        // Given the path

        // When
        Operation operation = Areas.of(path, method);

        // Then
        assertThat(operation.area()).isEqualTo(area);
        assertThat(operation.isArtifactTransfer()).isFalse();
    }
}

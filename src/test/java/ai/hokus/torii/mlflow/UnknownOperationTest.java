package ai.hokus.torii.mlflow;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.identity.Access;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnknownOperationTest {

    @ParameterizedTest
    @CsvSource({"GET, READ", "HEAD, READ", "POST, WRITE", "PUT, WRITE", "PATCH, WRITE", "DELETE, DELETE"})
    void isJudgedByItsMethod(String method, Access access) {
        // When
        Operation operation = UnknownOperation.of(method, "/api/4.0/mlflow/things");

        // Then
        assertThat(operation.access()).isEqualTo(access);
        assertThat(operation.isKnown()).isFalse();
        assertThat(operation.isRead()).isFalse();
        assertThat(operation.name()).isEqualTo("unknown");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/ajax-api/3.0/jobs/new",
                "/ajax-api/4.0/Jobs/x",
                "/gateway/new/v1/thing",
                "/api/3.0/mlflow/gateway/new",
                "/ajax-api/2.0/mlflow/gateway-proxy/x",
                "/api/2.0/mlflow/users/new",
                "/api/2.0/mlflow/experiments/permissions/new",
                "/api/3.0/mlflow/roles/new",
                "/api/2.0/mlflow/webhooks/w/new",
                "/api/3.0/mlflow/secrets",
                "/api/3.0/mlflow/workspaces/w/new",
                "/ajax-api/3.0/mlflow/assistant/new",
                "/ajax-api/3.0/mlflow/things/invoke",
                "/signup/new",
                "/api/3.0/mlflow/th%3Aings"
            })
    void isForAdminsWhereItSoundsSensitiveWhateverTheMethod(String path) {
        // When
        Operation operation = UnknownOperation.of("GET", path);

        // Then
        assertThat(operation.access()).isEqualTo(Access.ADMIN);
    }
}

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the real client may do on the real MLflow with keys of different scopes, and what it shows when it may not. */
@Tag("mlflow")
@ExtendWith(VertxExtension.class)
class ScopesIT {

    private static final String WRITER = "hk_test_writerTestOnlyTestOnlyTestOnly00";
    private static final String READER = "hk_test_readerTestOnlyTestOnlyTestOnly00";
    private static final String DELETER = "hk_test_deleterTestOnlyTestOnlyTestOnly0";
    private static final String NOBODY = "hk_test_nobodyTestOnlyTestOnlyTestOnly00";

    private static final Set<String> READS =
            Set.of("search_experiments", "search_runs", "get_run", "list_artifacts", "search_registered_models");
    private static final Set<String> WRITES = Set.of("create_run", "log_metric", "upload", "create_registered_model");
    private static final Set<String> DELETES = Set.of("delete_artifacts", "restore_run", "delete_run");

    private StubAuthService auth;
    private TestGateway gateway;
    private String runId;
    private String experimentId;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        auth = StubAuthService.start(vertx)
                .knowing(WRITER, "mlflow:write")
                .knowing(READER, "mlflow:read")
                .knowing(DELETER, "mlflow:read", "mlflow:delete")
                .knowing(NOBODY);
        gateway = TestGateway.start(
                vertx, TestGateway.environment(RealMlflow.shared().uri().toString(), auth.url()));
        experimentId = call("experiments/create", new JsonObject().put("name", "scopes-" + UUID.randomUUID()))
                .getString("experiment_id");
        runId = call("runs/create", new JsonObject().put("experiment_id", experimentId))
                .getJsonObject("run")
                .getJsonObject("info")
                .getString("run_id");
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
        auth.server().stop();
    }

    private JsonObject call(String path, JsonObject body) throws Exception {
        return gateway.request(HttpMethod.POST, "/api/2.0/mlflow/" + path)
                .bearerTokenAuthentication(WRITER)
                .putHeader("Content-Type", "application/json")
                .sendBuffer(Buffer.buffer(body.encode()))
                .await(20, TimeUnit.SECONDS)
                .bodyAsJsonObject();
    }

    private PythonClient client(String key) throws InterruptedException {
        return PythonClient.current()
                .at(gateway.url() + "/api/mlflow")
                .token(key)
                .with("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
    }

    private JsonObject eachCall(String key) throws Exception {
        return client(key).run("each_call.py", runId, experimentId).facts();
    }

    private static Set<String> passed(JsonObject seen) {
        return seen.fieldNames().stream()
                .filter(name -> seen.getValue(name) == null)
                .collect(Collectors.toSet());
    }

    @Test
    void passesTheWholeRegistrationWithAWriteKeyAndNoDeletion() throws Exception {
        // When
        JsonObject registered = client(WRITER)
                .run("register_model.py", "model-" + UUID.randomUUID())
                .facts();
        JsonObject seen = eachCall(WRITER);

        // Then
        assertThat(registered.getInteger("version")).isEqualTo(1);
        assertThat(passed(seen)).containsAll(READS).containsAll(WRITES).doesNotContainAnyElementsOf(DELETES);
        assertThat(seen.getString("delete_run")).contains("deleteRun needs delete access (the scope mlflow:delete)");
    }

    @Test
    void refusesTheFirstWriteOfAReadKeyWithATextThatNamesTheScope() throws Exception {
        // When
        PythonClient.Result registration = client(READER).run("register_model.py", "model-" + UUID.randomUUID());
        JsonObject seen = eachCall(READER);

        // Then
        assertThat(registration.exitCode()).isNotZero();
        assertThat(registration.errors())
                .contains("PERMISSION_DENIED")
                .contains("createExperiment needs write access")
                .contains("mlflow:write")
                .contains("Scopes of the key: mlflow:read.");
        assertThat(passed(seen)).isEqualTo(READS);
        assertThat(seen.getString("create_run")).contains("createRun needs write access");
        assertThat(seen.getString("upload")).contains("uploadArtifact needs write access");
    }

    @Test
    void passesDeletionsWithADeleteKeyAndNoWrite() throws Exception {
        // Given
        eachCall(WRITER);

        // When
        JsonObject seen = eachCall(DELETER);

        // Then
        assertThat(passed(seen)).containsAll(READS).containsAll(DELETES).doesNotContainAnyElementsOf(WRITES);
    }

    @Test
    void passesNothingWithAKeyOfNoScopes() throws Exception {
        // When
        JsonObject seen = eachCall(NOBODY);

        // Then
        assertThat(passed(seen)).isEmpty();
        assertThat(seen.getString("get_run"))
                .contains("PERMISSION_DENIED")
                .contains("getRun needs read access")
                .contains("Scopes of the key: none.");
    }
}

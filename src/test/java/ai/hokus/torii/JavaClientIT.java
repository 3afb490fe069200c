package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mlflow.api.proto.ModelRegistry.ModelVersion;
import org.mlflow.api.proto.Service.Experiment;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.api.proto.Service.ViewType;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowHttpException;
import org.mlflow.tracking.creds.BasicMlflowHostCreds;

/** MLflow's real Java client, which takes the key by its constructor only. */
@Tag("mlflow")
class JavaClientIT {

    private static final String KEY = "hk_test_Zq7TestOnlyTestOnlyTestOnly0123";
    private static final String UNKNOWN_KEY = "hk_test_NoSuchKeyNoSuchKeyNoSuchKey4567";

    private Vertx vertx;
    private StubAuthService auth;
    private TestGateway gateway;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        gateway = TestGateway.start(
                vertx, TestGateway.environment(RealMlflow.shared().uri().toString(), auth.url()));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @ParameterizedTest(name = "at <gateway>{0}")
    @ValueSource(strings = {"/api/mlflow", "/api/mlflow/", "/mlflow", "/mlflow/", ""})
    void logsARunAndRegistersAModel(String mount) throws Exception {
        String name = "java-" + UUID.randomUUID();
        try (MlflowClient client = new MlflowClient(new BasicMlflowHostCreds(gateway.url() + mount, KEY))) {
            // Given
            String experiment = client.createExperiment(name);
            RunInfo run = client.createRun(experiment);
            String id = run.getRunId();

            // When
            client.logParam(id, "solver", "lbfgs");
            client.logMetric(id, "score", 0.5, 1_000, 1);
            client.logMetric(id, "score", 1.0, 2_000, 2);
            client.setTag(id, "checked-by", "torii");
            client.setTerminated(id, RunStatus.FINISHED);
            client.sendPost(
                    "registered-models/create",
                    new JsonObject().put("name", name).encode());
            JsonObject version =
                    new JsonObject().put("name", name).put("run_id", id).put("source", run.getArtifactUri() + "/model");
            client.sendPost("model-versions/create", version.encode());

            // Then
            assertThat(client.searchModelVersions("name = '" + name + "'").getItems())
                    .extracting(ModelVersion::getVersion, ModelVersion::getRunId)
                    .containsExactly(tuple("1", id));
            assertThat(client.searchExperiments("name = '" + name + "'").getItems())
                    .extracting(Experiment::getExperimentId)
                    .containsExactly(experiment);
            assertThat(client.searchRuns(List.of(experiment), "metrics.score > 0.9", ViewType.ACTIVE_ONLY, 10)
                            .getItems())
                    .extracting(found -> found.getData().getParams(0).getValue())
                    .containsExactly("lbfgs");
            assertThat(client.getMetricHistory(id, "score")).hasSize(2);
            assertThat(auth.callsAbout(KEY)).hasSize(1);
        }
    }

    @Test
    void showsTheGatewaysTextForABadKeyAndAsksTheAuthServiceOnce() throws Exception {
        try (MlflowClient client =
                new MlflowClient(new BasicMlflowHostCreds(gateway.url() + "/api/mlflow", UNKNOWN_KEY))) {
            // When
            var thrown = assertThatExceptionOfType(MlflowHttpException.class).isThrownBy(client::searchExperiments);

            // Then
            thrown.satisfies(e -> {
                assertThat(e.getStatusCode()).isEqualTo(401);
                JsonObject body = new JsonObject(e.getBodyMessage());
                assertThat(body.getString("error_code")).isEqualTo("UNAUTHENTICATED");
                assertThat(body.getString("message")).startsWith("Invalid or expired API key");
            });
            thrown.withMessageContaining("Invalid or expired API key");
        }
        // it tries every refused request three times
        assertThat(auth.callsAbout(UNKNOWN_KEY)).hasSize(1);
        assertThat(gateway.manage("/metrics").bodyAsString())
                .containsPattern("torii_requests_total\\{.*reason=\"key_refused\".*} 3(\\.0)?\n");
    }
}

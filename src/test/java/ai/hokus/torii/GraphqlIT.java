package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** GraphQL documents through the gateway to the real MLflow. */
@Tag("mlflow")
@ExtendWith(VertxExtension.class)
class GraphqlIT {

    private static final String READER = "hk_test_readerTestOnlyTestOnlyTestOnly00";
    private static final String SEARCH =
            "mutation { mlflowSearchRuns(input: {experimentIds: [\"0\"]}) { runs { info { runId } } } }";
    private static final String QUERY = "{ mlflowGetExperiment(input: {experimentId: \"0\"}) { experiment { name } } }";

    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        StubAuthService auth = StubAuthService.start(vertx).knowing(READER, "mlflow:read");
        gateway = TestGateway.start(
                vertx, TestGateway.environment(RealMlflow.shared().uri().toString(), auth.url()));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    private HttpResponse<Buffer> send(HttpMethod method, String document) throws Exception {
        return gateway.request(method, "/api/mlflow/graphql")
                .bearerTokenAuthentication(READER)
                .putHeader("Content-Type", "application/json")
                .sendJsonObject(new JsonObject().put("query", document))
                .await(30, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "GET"})
    void answersAReaderByEitherMethod(String method) throws Exception {
        // When
        JsonObject query = send(HttpMethod.valueOf(method), QUERY).bodyAsJsonObject();
        JsonObject search = send(HttpMethod.valueOf(method), SEARCH).bodyAsJsonObject();

        // Then
        assertThat(query.getValue("errors")).isNull();
        assertThat(query.getJsonObject("data")
                        .getJsonObject("mlflowGetExperiment")
                        .getJsonObject("experiment")
                        .getString("name"))
                .isEqualTo("Default");
        assertThat(search.getValue("errors")).isNull();
        assertThat(search.getJsonObject("data").containsKey("mlflowSearchRuns")).isTrue();
    }

    /** MLflow runs it: only the gateway stands between a reader and a mutation that will change something one day. */
    @Test
    void keepsAReaderFromAMutationThatMlflowWouldRun() throws Exception {
        // Given
        String mutation = "mutation { testMutation(inputString: \"x\") { output } }";

        // When
        HttpResponse<Buffer> answer = send(HttpMethod.POST, mutation);

        // Then
        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(TestGateway.reason(answer)).isEqualTo("scope_missing");
    }
}

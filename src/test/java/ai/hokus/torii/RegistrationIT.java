package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The promise of the gateway: set a tracking URI and a token, and the real client registers a model. */
@Tag("mlflow")
class RegistrationIT {

    private static final String KEY = "hk_test_Zq7TestOnlyTestOnlyTestOnly0123";

    private static Vertx vertx;

    private StubAuthService auth;
    private TestGateway gateway;

    @BeforeAll
    static void startVertx() {
        vertx = Vertx.vertx();
    }

    @AfterAll
    static void closeVertx() throws Exception {
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @BeforeEach
    void start() throws Exception {
        auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        gateway = TestGateway.start(
                vertx, TestGateway.environment(RealMlflow.shared().uri().toString(), auth.url()));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
        auth.server().stop();
    }

    @ParameterizedTest(name = "at <gateway>{0}")
    @ValueSource(strings = {"/api/mlflow", "/mlflow", "", "/api/mlflow/"})
    void registersAndLoadsAModelWithTheCurrentClient(String mount) throws Exception {
        // Given
        PythonClient client = PythonClient.current().at(gateway.url() + mount).token(KEY);

        // When
        JsonObject facts = client.run("register_model.py", newName()).facts();

        // Then
        assertThat(facts.getString("client")).isEqualTo("3.17.2");
        assertRegisteredWithOneQuestion(facts);
    }

    @Test
    void registersAndLoadsAModelWithTheClientOfMlflow2() throws Exception {
        // Given
        PythonClient client =
                PythonClient.ofMlflow2().at(gateway.url() + "/api/mlflow").token(KEY);

        // When
        JsonObject facts = client.run("register_model.py", newName()).facts();

        // Then
        assertThat(facts.getString("client")).isEqualTo("2.22.5");
        assertRegisteredWithOneQuestion(facts);
    }

    @Test
    void takesTheKeyAsPasswordOfAnyUser() throws Exception {
        // Given
        PythonClient client = PythonClient.current()
                .at(gateway.url() + "/api/mlflow")
                .with("MLFLOW_TRACKING_USERNAME", "ada")
                .with("MLFLOW_TRACKING_PASSWORD", KEY);

        // When
        JsonObject seen = client.run("expect_failure.py").lastLine();

        // Then
        assertThat(seen.getBoolean("failed")).as("%s", seen).isFalse();
        assertThat(auth.callsAbout(KEY)).hasSize(1);
    }

    @Test
    void takesTheKeyAsUserWithoutPasswordInTheTrackingUri() throws Exception {
        // Given: by variables it cannot be said, the client ignores a user whose password is empty
        String uri = gateway.url().replace("://", "://" + KEY + ":@") + "/api/mlflow";
        PythonClient client = PythonClient.current().at(uri);

        // When
        JsonObject seen = client.run("expect_failure.py").lastLine();

        // Then
        assertThat(seen.getBoolean("failed")).as("%s", seen).isFalse();
        assertThat(auth.callsAbout(KEY)).hasSize(1);
    }

    @Test
    void aNewVersionTakesOverTheAlias() throws Exception {
        // Given
        PythonClient client =
                PythonClient.current().at(gateway.url() + "/api/mlflow").token(KEY);
        String name = newName();
        client.run("register_model.py", name).facts();

        // When
        JsonObject facts = client.run("register_model.py", name).facts();

        // Then
        assertThat(facts.getInteger("version")).isEqualTo(2);
        JsonObject model = listed(name);
        assertThat(model.getJsonArray("aliases").encode()).contains("champion").contains("\"2\"");
    }

    /** The client makes about fifty requests; the auth service hears of the first. */
    private void assertRegisteredWithOneQuestion(JsonObject facts) throws Exception {
        assertThat(facts.getInteger("version")).isEqualTo(1);
        assertThat(facts.getString("status")).isEqualTo("READY");
        assertThat(facts.getJsonArray("predictions")).containsExactly(0, 0, 1, 1);
        assertThat(facts.getJsonArray("files")).contains("MLmodel");
        assertThat(listed(facts.getString("model"))).isNotNull();
        int asked = auth.callsAbout(KEY).size();
        assertThat(asked).isPositive();
        assertThat(requests()).isGreaterThan(20L * asked);
    }

    /** The model as {@code GET /api/models} lists it; null if it does not. */
    private JsonObject listed(String name) throws Exception {
        return gateway
                .get("/api/models?filter=name%3D%27" + name + "%27", KEY)
                .bodyAsJsonObject()
                .getJsonArray("models")
                .stream()
                .map(JsonObject.class::cast)
                .filter(model -> name.equals(model.getString("name")))
                .findFirst()
                .orElse(null);
    }

    private long requests() throws Exception {
        return (long) gateway.manage("/metrics")
                .bodyAsString()
                .lines()
                .filter(line -> line.startsWith("torii_requests_total{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    private static String newName() {
        return "model-" + UUID.randomUUID();
    }
}

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpRequest;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The decision trail, asked for by a caller and by an operator. */
@ExtendWith(VertxExtension.class)
class ExplainIT {

    private static final String EXPLAINER = "hk_test_explainerTestOnlyTestOnlyTest000";
    private static final String WRITER = "hk_test_writerTestOnlyTestOnlyTestOnly00";
    private static final String TOKEN = "admin-token-for-tests";
    private static final String CREATE = "/api/mlflow/api/2.0/mlflow/runs/%63reate";

    private Vertx vertx;
    private StubServer mlflow;
    private StubAuthService auth;
    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        this.vertx = vertx;
        mlflow = StubServer.start(vertx);
        auth = StubAuthService.start(vertx)
                .knowing(EXPLAINER, answer("explainer", "mlflow:read", "torii:explain"))
                .knowing(WRITER, answer("writer", "mlflow:write"));
        gateway = TestGateway.start(
                vertx, TestGateway.environment(mlflow.url() + "/prefix", auth.url(), "TORII_ADMIN_TOKEN", TOKEN));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    private static JsonObject answer(String keyId, String... scopes) {
        JsonArray granted = new JsonArray();
        for (String scope : scopes) {
            granted.add(scope);
        }
        return new JsonObject()
                .put("is_valid", true)
                .put("key_id", keyId)
                .put("user_id", "ada")
                .put("scopes", granted)
                .put("roles", JsonArray.of("tester"));
    }

    private HttpResponse<Buffer> explained(HttpMethod method, String target, String key) throws Exception {
        HttpRequest<Buffer> request =
                gateway.request(method, target).bearerTokenAuthentication(key).putHeader("X-Torii-Explain", "1");
        return request.send().await(10, TimeUnit.SECONDS);
    }

    private HttpResponse<Buffer> asked(String body) throws Exception {
        return gateway.order("/admin/explain", TOKEN, body);
    }

    private JsonObject trail(String method, String path, String keyId) throws Exception {
        return asked(new JsonObject()
                        .put("method", method)
                        .put("path", path)
                        .put("key_id", keyId)
                        .encode())
                .bodyAsJsonObject();
    }

    @Test
    void tellsACallerHowItIsDecidedInsteadOfDoingIt() throws Exception {
        // Given
        gateway.get("/api/2.0/mlflow/runs/get", EXPLAINER);

        // When
        HttpResponse<Buffer> answer = explained(HttpMethod.POST, CREATE + "?a=b", EXPLAINER);

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
        JsonObject trail = answer.bodyAsJsonObject();
        JsonObject micros = (JsonObject) trail.remove("micros");
        assertThat(trail.remove("request_id")).isEqualTo(answer.getHeader("X-Request-Id"));
        assertThat((String) trail.remove("message")).contains("createRun needs write access");
        assertThat(trail).isEqualTo(new JsonObject("""
                        {"method": "POST", "mount": "/api/mlflow", "path": "/api/2.0/mlflow/runs/create",
                         "upstream": "%s/prefix/api/2.0/mlflow/runs/create",
                         "operation": {"name": "createRun", "area": "runs", "access": "write",
                           "row": "POST /api/2.0/mlflow/runs/create | /ajax-api/2.0/mlflow/runs/create"},
                         "key": {"found_in": ["Authorization: bearer"], "verdict": "accepted", "verdict_from": "cache",
                           "key_id": "explainer", "user_id": "ada", "scopes": ["mlflow:read", "torii:explain"],
                           "roles": ["tester"]},
                         "decision": "refused", "reason": "scope_missing", "status": 403, "rule": "catalogue",
                         "needed": "write access (one of the scopes model:write, mlflow:write, mlflow:access, write, full_access)"}
                        """.formatted(mlflow.url())));
        assertThat(micros.fieldNames()).containsExactlyInAnyOrder("resolve", "authenticate", "authorize", "total");
        assertThat(micros)
                .allSatisfy(step -> assertThat((Double) step.getValue()).isNotNegative());
        assertThat(mlflow.forwarded()).hasSize(1);
        assertThat(answer.bodyAsString()).doesNotContain(EXPLAINER.substring(20));
        assertThat(gateway.metric(
                        "torii_requests_total{area=\"explain\",blame=\"none\",method=\"POST\",operation=\"explain\","
                                + "reason=\"ok\",status=\"2xx\"}"))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /api/2.0/mlflow/runs/delete",
        "DELETE, /api/2.0/mlflow/registered-models/delete",
        "PUT, /api/2.0/mlflow-artifacts/artifacts/1/r/a",
        "PATCH, /api/2.0/mlflow/registered-models/update",
        "DELETE, /api/2.0/mlflow-artifacts/artifacts/1/r/a",
        "GET, /api/2.0/mlflow/runs/get",
        "HEAD, /api/2.0/mlflow/runs/get",
        "POST, /graphql",
        "POST, /api/2.0/mlflow/unheard-of"
    })
    void carriesOutNothingThatItExplainsToAnAdmin(String method, String path) throws Exception {
        // Given
        auth.knowing(EXPLAINER, answer("explainer", "admin"));

        // When
        HttpResponse<Buffer> answer = explained(HttpMethod.valueOf(method), path, EXPLAINER);

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(mlflow.forwarded()).isEmpty();
        if (!method.equals("HEAD")) {
            assertThat(answer.bodyAsJsonObject().getString("decision")).isEqualTo("allowed");
        }
    }

    @Test
    void saysWhatWouldBeAllowed() throws Exception {
        // When
        JsonObject read =
                explained(HttpMethod.GET, "/api/2.0/mlflow/runs/get", EXPLAINER).bodyAsJsonObject();
        JsonObject models = explained(HttpMethod.GET, "/api/models", EXPLAINER).bodyAsJsonObject();

        // Then
        assertThat(read.getString("decision")).isEqualTo("allowed");
        assertThat(read.getJsonObject("key").getString("verdict_from")).isEqualTo("call");
        assertThat(models.getJsonObject("operation").getString("name")).isEqualTo("models");
        assertThat(models.containsKey("upstream")).isFalse();
        assertThat(mlflow.forwarded()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "Authorization, Bearer %s, Authorization: bearer",
        "Authorization, ApiKey %s, Authorization: apikey",
        "X-API-Key, %s, X-API-Key"
    })
    void saysWhereTheKeyWasFound(String field, String value, String place) throws Exception {
        // When
        HttpResponse<Buffer> answer = gateway.request(HttpMethod.GET, "/api/2.0/mlflow/runs/get")
                .putHeader(field, value.formatted(EXPLAINER))
                .putHeader("X-Torii-Explain", "true")
                .send()
                .await(10, TimeUnit.SECONDS);

        // Then
        assertThat(answer.bodyAsJsonObject().getJsonObject("key").getJsonArray("found_in"))
                .containsExactly(place);
    }

    @Test
    void saysAllPlacesWhereTheKeyWasFound() throws Exception {
        // When
        HttpResponse<Buffer> answer = gateway.request(HttpMethod.GET, "/api/2.0/mlflow/runs/get")
                .putHeader(
                        "Authorization", "Basic " + Base64.getEncoder().encodeToString(("ada:" + EXPLAINER).getBytes()))
                .putHeader("X-API-Key", EXPLAINER)
                .putHeader("X-Torii-Explain", "1")
                .send()
                .await(10, TimeUnit.SECONDS);

        // Then
        assertThat(answer.bodyAsJsonObject().getJsonObject("key").getJsonArray("found_in"))
                .containsExactly("Authorization: basic", "X-API-Key");
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "POST"})
    void neitherExplainsNorForwardsForAKeyThatMayNotAsk(String method) throws Exception {
        // When
        String path = method.equals("GET") ? "/api/2.0/mlflow/runs/get" : CREATE;
        HttpResponse<Buffer> answer = explained(HttpMethod.valueOf(method), path, WRITER);

        // Then
        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(answer.bodyAsString()).contains("X-Torii-Explain needs the scope torii:explain");
        assertThat(mlflow.forwarded()).isEmpty();
    }

    @Test
    void forwardsWhatSaysThatItIsNoQuestion() throws Exception {
        // When
        HttpResponse<Buffer> answer = gateway.request(HttpMethod.GET, "/api/2.0/mlflow/runs/get")
                .bearerTokenAuthentication(WRITER)
                .putHeader("X-Torii-Explain", "0")
                .send()
                .await(10, TimeUnit.SECONDS);

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(mlflow.forwarded())
                .singleElement()
                .matches(request -> !request.headers().contains("X-Torii-Explain"));
    }

    @Test
    void neverTakesTheUnreadBodyOfAQuestionForARequest() throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            // Given
            String body = "GET /api/2.0/mlflow/runs/get HTTP/1.1\r\nHost: h\r\nX-API-Key: " + EXPLAINER + "\r\n\r\n";

            // When
            caller.send("POST " + CREATE + " HTTP/1.1\r\nHost: h\r\nX-Torii-Explain: 1\r\nX-API-Key: " + EXPLAINER
                    + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);

            // Then
            assertThat(caller.readToEnd().split("HTTP/1.1 ")).hasSize(2);
            assertThat(mlflow.forwarded()).isEmpty();
        }
    }

    @Test
    void tellsAnOperatorAboutARememberedKey() throws Exception {
        // Given
        gateway.get("/api/2.0/mlflow/runs/get", WRITER);

        // When
        JsonObject write = trail("POST", CREATE, "writer");
        JsonObject delete = trail("DELETE", "/api/2.0/mlflow/registered-models/delete", "writer");

        // Then
        assertThat(write.getString("decision")).isEqualTo("allowed");
        assertThat(write.getJsonObject("micros").fieldNames()).containsExactlyInAnyOrder("resolve", "authorize");
        assertThat(write.getString("path")).isEqualTo("/api/2.0/mlflow/runs/create");
        assertThat(write.getString("upstream")).isEqualTo(mlflow.url() + "/prefix/api/2.0/mlflow/runs/create");
        assertThat(write.getJsonObject("key")).isEqualTo(new JsonObject("""
                        {"key_id": "writer", "verdict": "accepted", "verdict_from": "cache", "user_id": "ada",
                         "scopes": ["mlflow:write"], "roles": ["tester"]}"""));
        assertThat(delete.getString("decision")).isEqualTo("refused");
        assertThat(delete.getString("reason")).isEqualTo("scope_missing");
        assertThat(delete.getString("message")).contains("deleteRegisteredModel needs delete access");
        assertThat(mlflow.forwarded()).hasSize(1);
    }

    @Test
    void tellsAnOperatorWhatItCannotKnow() throws Exception {
        // When
        JsonObject trail = trail("POST", CREATE, "unheard-of");

        // Then
        assertThat(trail.getString("decision")).isEqualTo("undecided");
        assertThat(trail.getJsonObject("key").getString("verdict")).isEqualTo("not_remembered");
        assertThat(trail.getJsonObject("operation").getString("name")).isEqualTo("createRun");
        assertThat(auth.server().requests())
                .noneMatch(call -> call.body().toString().contains("unheard-of"));
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /nowhere, route_unknown, 404",
        "DELETE, /api/2.0/mlflow-artifacts/artifacts/., path_refused, 400",
        "GET, /api/2.0/mlflow/runs/create, method_not_allowed, 405",
        "GET, /api/2.0/mlflow/unheard-of, operation_unknown, 403",
        "POST, /api/models, method_not_allowed, 405",
        "POST, /health, method_not_allowed, 405"
    })
    void tellsAnOperatorWhyARequestIsRefused(String method, String path, String reason, int status) throws Exception {
        // Given
        gateway.get("/api/2.0/mlflow/runs/get", WRITER);

        // When
        JsonObject trail = trail(method, path, "writer");

        // Then
        assertThat(trail.getString("decision")).isEqualTo("refused");
        assertThat(trail.getString("reason")).isEqualTo(reason);
        assertThat(trail.getInteger("status")).isEqualTo(status);
        assertThat(trail.getString("message")).isNotBlank();
    }

    @ParameterizedTest
    @CsvSource({
        "/api/models, models, catalogue",
        "/api/health, health, catalogue",
        "/api/mlflow, ui, catalogue",
        "/live, health, open to everybody"
    })
    void tellsAnOperatorOfTheGatewaysOwnRoutes(String path, String operation, String rule) throws Exception {
        // Given
        gateway.get("/api/2.0/mlflow/runs/get", WRITER);

        // When
        JsonObject trail = trail("GET", path, "writer");

        // Then
        assertThat(trail.getString("decision")).isEqualTo("allowed");
        assertThat(trail.getString("rule")).isEqualTo(rule);
        assertThat(trail.getJsonObject("operation").getString("name")).isEqualTo(operation);
    }

    @Test
    void saysThatADocumentDecides() throws Exception {
        assertThat(trail("POST", "/graphql", "writer").getString("note")).contains("only reads needs read access");
    }

    @Test
    void showsNoKeyThatStandsInAPath() throws Exception {
        // Given
        String secret = "keyOfThisTestAlone00000000000000";

        // When
        HttpResponse<Buffer> answer =
                explained(HttpMethod.GET, "/api/2.0/mlflow/logged-models/%68k_test_" + secret, EXPLAINER);
        HttpResponse<Buffer> operators =
                asked("{\"method\":\"GET\",\"path\":\"/api/2.0/mlflow/logged-models/%68k%5ftest_" + secret
                        + "\",\"key_id\":\"writer\"}");
        HttpResponse<Buffer> escaped =
                asked("{\"method\":\"GET\",\"path\":\"/api/models\",\"key_id\":\"h\\u006b_test_" + secret + "\"}");

        // Then
        assertThat(answer.bodyAsJsonObject().getString("path")).isEqualTo("/api/2.0/mlflow/logged-models/[key]");
        assertThat(operators.bodyAsString()).doesNotContain("keyOfThi").contains("[key]");
        assertThat(escaped.statusCode()).isEqualTo(400);
        assertThat(escaped.bodyAsString()).doesNotContain("keyOfThi");
    }

    @Test
    void takesAQuestionWhoeverSaysItIsOne() throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            // When
            caller.send(
                    "GET /api/2.0/mlflow/runs/get HTTP/1.1\r\nHost: h\r\nX-Torii-Explain: 0\r\nX-Torii-Explain: 1\r\n"
                            + "X-API-Key: " + EXPLAINER + "\r\n\r\n");

            // Then
            assertThat(caller.readUntil("micros")).startsWith("HTTP/1.1 200");
            assertThat(mlflow.forwarded()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "1",
                "{",
                "{}",
                "{\"method\":\"TRACE\",\"path\":\"/\",\"key_id\":\"k\"}",
                "{\"method\":\"GET\",\"path\":\"x\",\"key_id\":\"k\"}",
                "{\"method\":\"GET\",\"path\":\"/\",\"key_id\":1}",
                "{\"method\":\"GET\",\"path\":\"/\",\"key_id\":\"\"}",
                "{\"method\":\"GET\",\"path\":\"/\",\"key_id\":\"hk_test_keyOfThisTestAlone00000000000000\"}"
            })
    void tellsAnOperatorWhatIsWrongWithAQuestion(String body) throws Exception {
        // When
        HttpResponse<Buffer> answer = asked(body);

        // Then
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.bodyAsJsonObject().getString("reason")).isEqualTo("request_malformed");
        assertThat(answer.bodyAsString()).doesNotContain("keyOfThi");
    }

    @Test
    void readsNoQuestionAbove64KiB() throws Exception {
        // When
        HttpResponse<Buffer> answer = asked("{\"pad\":\"" + "x".repeat(70_000) + "\"}");

        // Then
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.bodyAsString()).contains("larger than 65536 bytes");
    }

    @Test
    void knowsTheKeysOfAFileWithoutAnyRequest(@TempDir Path folder) throws Exception {
        // Given
        Path keys = Files.writeString(folder.resolve("keys.yaml"), """
                keys:
                - {key_id: good, sha256: '%s', user_id: ada, scopes: ['mlflow:read']}
                - {key_id: gone, sha256: '%s', user_id: ada, scopes: ['admin'], revoked_at: '2025-01-01T00:00:00Z'}
                """.formatted("a".repeat(64), "b".repeat(64)));
        Map<String, String> environment = TestGateway.environment(mlflow.url(), null, "TORII_ADMIN_TOKEN", TOKEN);
        environment.put("TORII_AUTH_FILE_PATH", keys.toString());
        gateway.stop();
        gateway = TestGateway.start(vertx, environment);

        // When
        JsonObject good = trail("GET", "/api/2.0/mlflow/runs/get", "good");
        JsonObject gone = trail("GET", "/api/2.0/mlflow/runs/get", "gone");

        // Then
        assertThat(good.getString("decision")).isEqualTo("allowed");
        assertThat(gone.getString("decision")).isEqualTo("refused");
        assertThat(gone.getString("reason")).isEqualTo("key_refused");
    }

    @Test
    void takesNoQuestionWithoutTheToken() throws Exception {
        // When
        HttpResponse<Buffer> answer = gateway.order(HttpMethod.POST, "/admin/explain", null);

        // Then
        assertThat(answer.statusCode()).isEqualTo(401);
    }
}

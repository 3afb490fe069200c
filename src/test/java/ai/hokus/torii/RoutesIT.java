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
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is served where. */
@ExtendWith(VertxExtension.class)
class RoutesIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";

    private StubServer mlflow;
    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        mlflow = StubServer.start(vertx);
        gateway = TestGateway.start(vertx, mlflow, StubAuthService.start(vertx).knowing(KEY, "mlflow:write"));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    @ParameterizedTest
    @CsvSource({
        "/mlflow/api/2.0/mlflow/runs/get?run_id=1, /api/2.0/mlflow/runs/get?run_id=1",
        "/api/mlflow/api/2.0/mlflow/runs/get?run_id=1, /api/2.0/mlflow/runs/get?run_id=1",
        "/api/mlflow//api/2.0/mlflow/runs/get, /api/2.0/mlflow/runs/get",
        "/api/mlflow/, /",
        "/mlflow/static-files/static/js/main.js, /static-files/static/js/main.js",
        "/api/mlflow/health, /health",
        "/api/2.0/mlflow/experiments/search, /api/2.0/mlflow/experiments/search",
        "/api/2.0/mlflow-artifacts/artifacts?path=1, /api/2.0/mlflow-artifacts/artifacts?path=1",
        "/api/3.0/mlflow/traces/1, /api/3.0/mlflow/traces/1",
        "/ajax-api/2.0/mlflow/runs/get, /ajax-api/2.0/mlflow/runs/get",
        "/graphql, /graphql",
        "/get-artifact?path=a&run_id=1, /get-artifact?path=a&run_id=1",
        "/model-versions/get-artifact, /model-versions/get-artifact",
        "/version, /version",
        "/api/2.0/mlflow/experiments/%73earch, /api/2.0/mlflow/experiments/search",
        "/api/2.0/mlflow-artifacts/artifacts/1/r/a%20b/100%25%20sure/x+y@z:1/caf%C3%A9%3B.txt,"
                + " /api/2.0/mlflow-artifacts/artifacts/1/r/a%20b/100%25%20sure/x+y@z:1/caf%C3%A9%3B.txt",
        "/api/2.0/mlflow/runs/get?a=1&a=2&b=%2F+c&a=3, /api/2.0/mlflow/runs/get?a=1&a=2&b=%2F+c&a=3"
    })
    void forwards(String asked, String reached) throws Exception {
        // When
        HttpResponse<Buffer> answer = gateway.get(asked, KEY);

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(mlflow.forwarded())
                .singleElement()
                .satisfies(r -> assertThat(r.uri()).isEqualTo(reached));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/nothing",
                "/api",
                "/api/2.0/other",
                "/metrics",
                "/admin",
                "/admin/verdicts",
                "/mlflows",
                "/api/mlflow/metrics",
                "/healthz",
                "/API/2.0/mlflow/runs/get",
                "/static-files/x.js"
            })
    void knowsNoOtherPath(String path) throws Exception {
        // When
        HttpResponse<Buffer> answer = gateway.get(path, (String) null);

        // Then
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(answer.bodyAsJsonObject().getString("error_code")).isEqualTo("ENDPOINT_NOT_FOUND");
        assertThat(answer.bodyAsString()).contains("MLFLOW_TRACKING_URI=https://<this host>/api/mlflow");
        assertThat(mlflow.forwarded()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/health", "/live", "/ready"})
    void answersProbesWithoutAKey(String path) throws Exception {
        // When
        HttpResponse<Buffer> answer = gateway.get(path, (String) null);

        // Then
        assertThat(answer.statusCode()).isIn(200, 503);
        assertThat(answer.bodyAsString()).doesNotContain("127.0.0.1").doesNotContain(String.valueOf(mlflow.port()));
    }

    @Test
    void refusesAnotherMethodOnItsOwnRoutes() throws Exception {
        // When
        HttpResponse<Buffer> answer =
                gateway.request(HttpMethod.DELETE, "/api/models").send().await(5, TimeUnit.SECONDS);

        // Then
        assertThat(answer.statusCode()).isEqualTo(405);
        assertThat(answer.getHeader("Allow")).isEqualTo("GET, HEAD, OPTIONS");
        assertThat(TestGateway.reason(answer)).isEqualTo("method_not_allowed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TRACE", "CONNECT", "get", "FOO", "PROPFIND"})
    void refusesMethodsThatMlflowDoesNotHave(String method) throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            // When
            caller.send(method + " /api/2.0/mlflow/runs/get HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n\r\n");

            // Then
            assertThat(caller.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 405");
            assertThat(mlflow.forwarded()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/mlflow", "/api/mlflow"})
    void leadsABrowserToTheSlashThatTheUiNeeds(String mount) throws Exception {
        // When
        HttpResponse<Buffer> answer = gateway.get(mount, KEY);

        // Then
        assertThat(answer.statusCode()).isEqualTo(302);
        assertThat(answer.getHeader("Location")).isEqualTo(mount + "/");
        assertThat(mlflow.forwarded()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET /health", "GET /api/models", "OPTIONS /api/2.0/mlflow/runs/create"})
    void neverTakesAnUnreadBodyForTheNextRequest(String line) throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            // Given a body that is a request
            String smuggled = "GET /live HTTP/1.1\r\nHost: h\r\n\r\n";

            // When
            caller.send(line + " HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY
                    + "\r\nContent-Type: application/json\r\nContent-Length: " + smuggled.length() + "\r\n\r\n"
                    + smuggled);

            // Then there is one answer, and the connection ends behind it
            String answers = caller.readToEnd();
            assertThat(answers).startsWith("HTTP/1.1 20").containsIgnoringCase("connection: close");
            assertThat(answers.split("HTTP/1.1 ")).hasSize(2);
        }
    }

    @Test
    void answersOptionsItself() throws Exception {
        // When
        HttpResponse<Buffer> answer = gateway.request(HttpMethod.OPTIONS, "/api/2.0/mlflow/runs/create")
                .putHeader("Origin", "https://evil.example")
                .putHeader("Access-Control-Request-Method", "POST")
                .send()
                .await(5, TimeUnit.SECONDS);

        // Then
        assertThat(answer.statusCode()).isEqualTo(204);
        assertThat(answer.getHeader("Allow")).contains("POST");
        assertThat(answer.getHeader("Access-Control-Allow-Origin")).isNull();
        assertThat(mlflow.forwarded()).isEmpty();
    }

    @Test
    void listsModelsStraightFromTheRegistry() throws Exception {
        // Given
        mlflow.answering(
                200,
                "{\"registered_models\":[{\"name\":\"m\",\"creation_timestamp\":1,\"aliases\":[{\"alias\":\"champion\","
                        + "\"version\":\"3\"}],\"latest_versions\":[{\"version\":\"3\"}]}],\"next_page_token\":\"t\"}");

        // When
        HttpResponse<Buffer> answer = gateway.get("/api/models?max_results=5&filter=name%3D%27m%27&evil=1", KEY);

        // Then
        assertThat(answer.bodyAsJsonObject())
                .isEqualTo(new JsonObject()
                        .put(
                                "models",
                                new JsonArray()
                                        .add(new JsonObject()
                                                .put("name", "m")
                                                .put("description", "")
                                                .put(
                                                        "aliases",
                                                        new JsonArray()
                                                                .add(new JsonObject()
                                                                        .put("alias", "champion")
                                                                        .put("version", "3")))
                                                .put("tags", new JsonArray())
                                                .put(
                                                        "latest_versions",
                                                        new JsonArray().add(new JsonObject().put("version", "3")))))
                        .put("next_page_token", "t"));
        assertThat(mlflow.requests())
                .extracting(r -> r.uri())
                .contains("/api/2.0/mlflow/registered-models/search?max_results=5&filter=name%3D%27m%27");
    }

    @Test
    void passesTheRegistrysOwnErrorOn() throws Exception {
        // Given
        mlflow.answering(400, "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"bad filter\"}");

        // When
        HttpResponse<Buffer> answer = gateway.get("/api/models?filter=x", KEY);

        // Then
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.bodyAsString()).contains("bad filter");
    }

    @Test
    void tellsWhichPartOfMlflowFails() throws Exception {
        // Given
        mlflow.answering(
                (request, response) -> response.setStatusCode(request.uri().startsWith("/version") ? 200 : 500)
                        .end());

        // When
        HttpResponse<Buffer> answer = gateway.get("/api/health/mlflow", KEY);

        // Then
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.bodyAsString())
                .contains("{\"name\":\"connectivity\",\"status\":\"up\"}")
                .contains("{\"name\":\"api\",\"status\":\"down\",\"reason\":\"upstream_broken\"}")
                .contains("{\"name\":\"artifacts\",\"status\":\"down\",\"reason\":\"upstream_broken\"}");
    }
}

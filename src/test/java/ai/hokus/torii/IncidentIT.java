package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawServer;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What went wrong in July 2025, when no third party could register a model; each failure must stay gone. */
@ExtendWith(VertxExtension.class)
class IncidentIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String SEARCH = "/api/mlflow/api/2.0/mlflow/experiments/search?max_results=1";

    private StubServer mlflow;
    private StubAuthService auth;
    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        mlflow = StubServer.start(vertx);
        auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        gateway = TestGateway.start(vertx, mlflow, auth);
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    @Test
    void acceptsAValidKeyInTheFormTheServiceExpects() throws Exception {
        // When
        HttpResponse<Buffer> answer = gateway.get(SEARCH, KEY);

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
        JsonObject question = auth.callsAbout(KEY).get(0).body().toJsonObject();
        assertThat(question.getString("service_id")).isEqualTo("platform");
        assertThat(question.getString("client_ip")).isEqualTo("127.0.0.1");
        assertThat(question.containsKey("api_key")).isFalse();
    }

    @Test
    void takesA200WithIsValidFalseForARefusal() throws Exception {
        // Given
        auth.lying(200, "{\"is_valid\":false,\"error\":\"expired\"}");

        // When
        HttpResponse<Buffer> answer = gateway.get(SEARCH, KEY);

        // Then
        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.bodyAsString()).contains("Invalid or expired API key");
        assertThat(mlflow.forwarded()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"401,API key required", "400,bad request", "404,Not Found", "405,no", "415,no", "422,detail"})
    void saysThatTheContractIsWrongAndNotTheKey(int status, String text) throws Exception {
        // Given
        auth.lying(status, "{\"detail\":\"" + text + "\"}");

        // When
        HttpResponse<Buffer> answer = gateway.get(SEARCH, KEY);

        // Then
        assertThat(answer.statusCode()).isEqualTo(501);
        assertThat(answer.bodyAsJsonObject().getString("error_code")).isEqualTo("NOT_IMPLEMENTED");
        assertThat(answer.bodyAsJsonObject().getString("blame")).isEqualTo("gateway");
        assertThat(answer.bodyAsString())
                .contains("do not understand each other")
                .doesNotContain("Invalid or expired");
        assertThat(mlflow.forwarded()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 502, 503, 504})
    void neverMakesAnOutageLookLikeABadKey(int status) throws Exception {
        // Given
        auth.lying(status, "down");

        // When
        HttpResponse<Buffer> answer = gateway.get(SEARCH, KEY);

        // Then
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.getHeader("Retry-After")).isNotNull();
        assertThat(TestGateway.reason(answer)).isEqualTo("auth_unavailable");
        assertThat(answer.bodyAsJsonObject().getString("blame")).isEqualTo("auth service");
        assertThat(answer.bodyAsString()).doesNotContain("Invalid or expired");
    }

    @Test
    void forgetsAnOutageAsSoonAsItIsOver() throws Exception {
        // Given
        auth.lying(503, "down");
        gateway.get(SEARCH, KEY);
        auth.honest();

        // When
        HttpResponse<Buffer> answer = gateway.get(SEARCH, KEY);

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/mlflow/health/mlflow",
                "/api/mlflow/health/mlflow",
                "/mlflow/api/2.0/mlflow/experiments/search",
                "/api/mlflow/api/2.0/mlflow/experiments/search",
                "/api/health",
                "/api/models"
            })
    void servesEveryRouteThatTheReportsChecked(String path) throws Exception {
        // When
        HttpResponse<Buffer> without = gateway.get(path, (String) null);
        HttpResponse<Buffer> with = gateway.get(path, KEY);

        // Then
        assertThat(without.statusCode()).isEqualTo(401);
        assertThat(without.bodyAsString()).contains("API key required");
        assertThat(with.statusCode()).isEqualTo(200);
    }

    @Test
    void streamsABodyThatItNeverCollects(Vertx vertx) throws Exception {
        // Given an upstream that reports the first byte before the caller has sent the last
        CompletableFuture<String> firstByte = new CompletableFuture<>();
        try (RawServer slow = new RawServer(connection -> {
            String head = connection.readHead();
            if (head.startsWith("PUT")) {
                firstByte.complete(new String(connection.read(5)));
                connection.read(5);
            }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
        })) {
            Map<String, String> environment = TestGateway.environment(slow.url(), auth.url());
            TestGateway streaming = TestGateway.start(vertx, environment);
            try (RawClient caller = new RawClient(streaming.port())) {
                // When
                caller.send("PUT /api/2.0/mlflow-artifacts/artifacts/1/r/a HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY
                        + "\r\nContent-Length: 10\r\n\r\nfirst");
                String seen = firstByte.get(5, TimeUnit.SECONDS);
                caller.send("rest.");

                // Then
                assertThat(seen).isEqualTo("first");
                assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 200");
            }
            streaming.stop();
        }
    }
}

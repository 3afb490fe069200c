package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.AccessLines;
import ai.hokus.torii.support.RecordedRequest;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.util.Map;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every lie of an auth service's: a key that was accepted serves on, one that nobody knows is told whose fault it is,
 * and nothing of it is believed afterwards.
 */
@ExtendWith(VertxExtension.class)
class LyingAuthServiceIT {

    private static final String KNOWN = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String UNKNOWN = "hk_test_Abcdefghijklmnopqrstuvwxyz01234567";
    private static final String PATH = "/api/2.0/mlflow/registered-models/search";

    private StubAuthService auth;
    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        auth = StubAuthService.start(vertx).knowing(KNOWN, "mlflow:write").knowing(UNKNOWN, "mlflow:write");
        Map<String, String> environment =
                TestGateway.environment(StubServer.start(vertx).url(), auth.url());
        environment.put("TORII_AUTH_CACHE_TTL", "0s");
        environment.put("AUTH_SERVICE_TIMEOUT", "500ms");
        gateway = TestGateway.start(vertx, environment);
        assertThat(gateway.get(PATH, KNOWN).statusCode()).isEqualTo(200);
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    private static BiConsumer<RecordedRequest, HttpServerResponse> lie(String kind) {
        return switch (kind) {
            case "silent" -> (call, response) -> {};
            case "half" ->
                (call, response) -> response.putHeader("Content-Length", "100")
                        .write("{\"is_valid\":true,")
                        .onComplete(sent -> response.reset());
            case "html" ->
                (call, response) ->
                        response.putHeader("Content-Type", "text/html").end("<html>is_valid: true</html>");
            case "8 MB" ->
                (call, response) ->
                        response.end(Buffer.buffer("{\"is_valid\":true,\"pad\":\"" + "x".repeat(8 << 20) + "\"}"));
            case "redirect" ->
                (call, response) -> response.setStatusCode(302)
                        .putHeader("Location", "http://127.0.0.1:1/")
                        .end("{\"is_valid\":true}");
            case "text" -> (call, response) -> response.end("{\"is_valid\":\"true\"}");
            case "array" -> (call, response) -> response.end("[{\"is_valid\":true}]");
            case "nothing" -> (call, response) -> response.setStatusCode(204).end();
            case "reset" -> (call, response) -> response.reset();
            case "500" -> (call, response) -> response.setStatusCode(500).end("{\"is_valid\":true}");
            case "429" ->
                (call, response) -> response.setStatusCode(429)
                        .putHeader("Retry-After", "7")
                        .end("{\"is_valid\":false}");
            default -> throw new IllegalArgumentException(kind);
        };
    }

    @ParameterizedTest
    @CsvSource({
        "silent, 503, auth_timeout",
        "half, 503, auth_unavailable",
        "html, 503, auth_answer_unreadable",
        "8 MB, 503, auth_answer_unreadable",
        "redirect, 503, auth_answer_unreadable",
        "text, 503, auth_answer_unreadable",
        "array, 503, auth_answer_unreadable",
        "nothing, 503, auth_answer_unreadable",
        "reset, 503, auth_unavailable",
        "500, 503, auth_unavailable",
        "429, 429, auth_rate_limited"
    })
    void isNeverBelieved(String kind, int status, String reason) throws Exception {
        // Given
        auth.lying(lie(kind));

        // When
        HttpResponse<Buffer> unknown = gateway.get(PATH, UNKNOWN);
        HttpResponse<Buffer> known;
        try (AccessLines lines = AccessLines.open()) {
            known = gateway.get(PATH, KNOWN);
            assertThat(lines.next(" status=200 ")).contains(" verdict=accepted ", " verdict_from=stale ");
        }

        // Then
        assertThat(unknown.statusCode()).isEqualTo(status);
        assertThat(TestGateway.reason(unknown)).isEqualTo(reason);
        assertThat(unknown.getHeader("Retry-After")).matches("[1-9]|[1-5]\\d|60");
        assertThat(known.statusCode()).isEqualTo(200);
        assertThat(known.getHeader("X-Torii-Verdict")).isEqualTo("stale");
        auth.honest();
        assertThat(gateway.get(PATH, UNKNOWN).statusCode()).isEqualTo(200);
    }
}

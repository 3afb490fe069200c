package ai.hokus.torii.cli;

import static ai.hokus.torii.cli.AskedAuthService.GOOD;
import static ai.hokus.torii.cli.AskedAuthService.full;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.cli.AuthServiceContract.Form;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the auth service is as an HTTP server, whatever its form: paths, methods, sizes, malformed questions. */
@ExtendWith(VertxExtension.class)
class AuthServiceListenerTest {

    @TempDir
    private Path folder;

    private AskedAuthService service;

    @BeforeEach
    void starts(Vertx vertx) throws Exception {
        service = AskedAuthService.start(vertx, folder, Form.HEADER);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`` | missing",
                "null | missing",
                "{ | json_invalid",
                "hk_test_x | json_invalid",
                "[] | model_attributes_type",
                "7 | model_attributes_type",
                "{\"service_id\":7} | string_type",
                "{SID,\"required_scope\":[]} | string_type",
                "{SID,\"client_ip\":{}} | string_type"
            })
    void answers422ToAMalformedQuestion(String body, String type) throws Exception {
        // Given the service

        // When
        HttpResponse<Buffer> response = service.ask("Bearer " + GOOD, full(body));

        // Then
        assertThat(response.statusCode()).isEqualTo(422);
        assertThat(response.bodyAsJsonObject()
                        .getJsonArray("detail")
                        .getJsonObject(0)
                        .getString("type"))
                .isEqualTo(type);
    }

    @ParameterizedTest
    @CsvSource({"0, 200", "1, 413", "1000000, 413"})
    void takesAQuestionOf64KiBAndNoLarger(int more, int status) throws Exception {
        // Given
        String body = full("{SID,\"more\":\"\"}");
        String padding = "x".repeat(AuthServiceListener.MAX_BYTES - body.length() + more);

        // When
        HttpResponse<Buffer> response = service.ask("Bearer " + GOOD, body.replace("\"\"", "\"" + padding + "\""));

        // Then
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.bodyAsJsonObject().fieldNames()).contains(status == 200 ? "is_valid" : "detail");
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /health, 200, healthy,",
        "HEAD, /health, 200, ,",
        "GET, /ready, 200, ready,",
        "POST, /ready, 405, , 'GET, HEAD'",
        "GET, /api/v1/keys/validate, 405, , POST",
        "PUT, /api/v1/keys/validate, 405, , POST",
        "POST, /api/v1/keys, 404, ,",
        "GET, /, 404, ,",
        "POST, /api/v1/keys/validate/, 404, ,"
    })
    void knowsThreePaths(String method, String path, int status, String word, String allow) throws Exception {
        // Given the service

        // When
        HttpResponse<Buffer> response =
                service.request(HttpMethod.valueOf(method), path).send().await(5, SECONDS);

        // Then
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.getHeader("Allow")).isEqualTo(allow);
        if (word != null) {
            assertThat(response.bodyAsJsonObject()).isEqualTo(new JsonObject().put("status", word));
        }
        if (status == 404) {
            assertThat(response.bodyAsString()).isEqualTo("{\"detail\":\"Not Found\"}");
        }
    }
}

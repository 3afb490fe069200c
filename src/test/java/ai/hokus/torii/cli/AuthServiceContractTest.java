package ai.hokus.torii.cli;

import static ai.hokus.torii.cli.AskedAuthService.GOOD;
import static ai.hokus.torii.cli.AskedAuthService.PLAIN;
import static ai.hokus.torii.cli.AskedAuthService.full;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.cli.AuthServiceContract.Form;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The platform's contract in its three forms, answer by answer. */
@ExtendWith(VertxExtension.class)
class AuthServiceContractTest {

    private static final String REQUIRED = "{\"detail\":\"API key required\"}";
    private static final String INVALID = "{\"detail\":\"Invalid or expired API key\"}";
    private static final String STRANGER = "{\"detail\":\"Invalid service credential\"}";
    private static final String MISSING =
            "{\"detail\":[{\"loc\":[\"body\",\"api_key\"],\"msg\":\"Field required\",\"type\":\"missing\"}]}";

    @TempDir
    private Path folder;

    private Vertx vertx;

    @BeforeEach
    void takes(Vertx provided) {
        vertx = provided;
    }

    private void answers(Form form, String authorization, String body, int status, String answer) throws Exception {
        // Given
        AskedAuthService service = AskedAuthService.start(vertx, folder, form);

        // When
        HttpResponse<Buffer> response = service.ask(authorization == null ? null : full(authorization), full(body));

        // Then
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.getHeader("Content-Type")).isEqualTo("application/json");
        String wanted = switch (answer) {
            case "REQUIRED" -> REQUIRED;
            case "INVALID" -> INVALID;
            case "STRANGER" -> STRANGER;
            case "MISSING" -> MISSING;
            default -> response.bodyAsString();
        };
        assertThat(response.bodyAsString()).isEqualTo(wanted);
        if (answer.startsWith("is_valid")) {
            assertThat(response.bodyAsJsonObject().getBoolean("is_valid")).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "Bearer GOOD | {SID} | 200 | is_valid",
                "bearer  GOOD | {SID,\"client_ip\":\"10.0.0.9\",\"required_scope\":null} | 200 | is_valid",
                "Bearer GOOD | {SID,KEY:1} | 200 | is_valid",
                " | {SID,KEY:\"GOOD\"} | 401 | REQUIRED",
                " | {SID} | 401 | REQUIRED",
                "Basic GOOD | {SID} | 401 | REQUIRED",
                "Bearer | {SID} | 401 | REQUIRED",
                "Bearer GOOD | {} | 401 | INVALID",
                "Bearer GOOD | {\"service_id\":null} | 401 | INVALID",
                "Bearer GOOD | {\"service_id\":\"ml-platform\"} | 401 | INVALID",
                "Bearer GOODx | {SID} | 401 | INVALID",
                "Bearer GOOD x | {SID} | 401 | INVALID",
                "Bearer hk_test_gone0123456789 | {SID} | 401 | INVALID",
                "Bearer hk_test_back0123456789 | {SID} | 401 | INVALID"
            })
    void looksForTheKeyInTheHeader(String authorization, String body, int status, String answer) throws Exception {
        answers(Form.HEADER, authorization, body, status, answer);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                " | {SID,KEY:\"GOOD\"} | 200 | is_valid",
                "Bearer other | {SID,KEY:\"GOOD\"} | 200 | is_valid",
                "Bearer GOOD | {SID} | 401 | REQUIRED",
                " | {SID} | 422 | MISSING",
                " | {SID,KEY:null} | 422 | any",
                " | {SID,KEY:7} | 422 | any",
                " | {SID,KEY:\"\"} | 401 | INVALID",
                " | {SID,KEY:\"GOODx\"} | 401 | INVALID",
                " | {KEY:\"GOOD\"} | 401 | INVALID",
                " | {KEY:\"GOOD\",\"service_id\":\"prediction\"} | 401 | INVALID"
            })
    void looksForTheKeyInTheBody(String authorization, String body, int status, String answer) throws Exception {
        answers(Form.BODY, authorization, body, status, answer);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "Bearer own-credential | {SID,KEY:\"GOOD\"} | 200 | is_valid",
                "Bearer own-credentia1 | {SID,KEY:\"GOOD\"} | 401 | STRANGER",
                "Bearer GOOD | {SID,KEY:\"GOOD\"} | 401 | STRANGER",
                " | {SID,KEY:\"GOOD\"} | 401 | STRANGER",
                "Bearer GOOD | {SID} | 401 | REQUIRED",
                "Bearer own-credential | {SID} | 401 | REQUIRED",
                " | {SID} | 422 | MISSING",
                "Bearer own-credential | {SID,KEY:\"GOODx\"} | 401 | INVALID",
                "Bearer own-credential | {KEY:\"GOOD\"} | 401 | INVALID"
            })
    void looksForTheServicesCredentialToo(String authorization, String body, int status, String answer)
            throws Exception {
        answers(Form.SERVICE, authorization, body, status, answer);
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void tellsWhoseTheKeyIsAndWhatItMayDo(Form form) throws Exception {
        // Given
        AskedAuthService service = AskedAuthService.start(vertx, folder, form);
        String authorization = form == Form.HEADER ? "Bearer " + GOOD : "Bearer own-credential";

        // When
        HttpResponse<Buffer> response =
                service.ask(authorization, full("{SID,KEY:\"GOOD\",\"required_scope\":\"model:read\"}"));

        // Then
        assertThat(response.bodyAsString())
                .isEqualTo("{\"is_valid\":true,\"key_id\":\"id-good\",\"user_id\":\"ada\",\"service_id\":\"platform\","
                        + "\"scopes\":[\"mlflow:write\",\"model:read\"],\"rate_limit_per_hour\":1000,"
                        + "\"expires_at\":\"2099-01-01T00:00:00Z\",\"error\":null}");
    }

    @Test
    void saysNullWhereThereIsNothing() throws Exception {
        // Given
        AskedAuthService service = AskedAuthService.start(vertx, folder, Form.HEADER);

        // When
        HttpResponse<Buffer> response = service.ask("Bearer " + PLAIN, full("{SID}"));

        // Then
        assertThat(response.bodyAsString())
                .isEqualTo("{\"is_valid\":true,\"key_id\":\"id-plain\",\"user_id\":null,\"service_id\":\"platform\","
                        + "\"scopes\":[],\"rate_limit_per_hour\":null,\"expires_at\":null,\"error\":null}");
    }

    @Test
    void refusesAScopeThatTheKeyLacks() throws Exception {
        // Given
        AskedAuthService service = AskedAuthService.start(vertx, folder, Form.HEADER);

        // When
        HttpResponse<Buffer> response = service.ask("Bearer " + GOOD, full("{SID,\"required_scope\":\"admin\"}"));

        // Then
        assertThat(response.statusCode()).isEqualTo(403);
        assertThat(response.bodyAsJsonObject().getValue("detail")).isInstanceOf(String.class);
    }
}

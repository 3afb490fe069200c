package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Orders to a running gateway: who may give them, and what they do. */
@ExtendWith(VertxExtension.class)
class AdminIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String OTHER = "hk_test_Abcdefghijklmnopqrstuvwxyz01234567";
    private static final String PATH = "/api/2.0/mlflow/registered-models/search";
    private static final String TOKEN = "an-admin-token";

    private StubAuthService auth;
    private Map<String, String> environment;
    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        auth = StubAuthService.start(vertx).knowing(KEY, verdict("id-1")).knowing(OTHER, verdict("id-2"));
        environment = TestGateway.environment(StubServer.start(vertx).url(), auth.url());
        environment.put("TORII_ADMIN_TOKEN", TOKEN);
        gateway = TestGateway.start(vertx, environment);
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    private static JsonObject verdict(String keyId) {
        return new JsonObject()
                .put("is_valid", true)
                .put("key_id", keyId)
                .put("user_id", "ada")
                .put("scopes", List.of("mlflow:read"));
    }

    private int status(String key) throws Exception {
        return gateway.get(PATH, key).statusCode();
    }

    @Test
    void forgetsTheVerdictsOfOneKeyAlone() throws Exception {
        // Given
        assertThat(status(KEY)).isEqualTo(200);
        assertThat(status(OTHER)).isEqualTo(200);
        auth.forget(KEY);
        auth.forget(OTHER);
        assertThat(status(KEY)).isEqualTo(200);

        // When
        HttpResponse<Buffer> answer = gateway.order(HttpMethod.DELETE, "/admin/verdicts/id-1", TOKEN);

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.bodyAsJsonObject()).isEqualTo(new JsonObject().put("shared", false));
        assertThat(status(KEY)).isEqualTo(401);
        assertThat(status(OTHER)).isEqualTo(200);
    }

    @Test
    void forgetsEveryVerdict() throws Exception {
        // Given
        assertThat(status(KEY)).isEqualTo(200);
        assertThat(status("hk_test_unknown")).isEqualTo(401);
        auth.forget(KEY);
        auth.knowing("hk_test_unknown", verdict("id-3"));

        // When
        HttpResponse<Buffer> answer = gateway.order(HttpMethod.POST, "/admin/verdicts/purge", TOKEN);

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(status(KEY)).isEqualTo(401);
        assertThat(status("hk_test_unknown")).isEqualTo(200);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"wrong", "an-admin-toke", "an-admin-tokenx", "AN-ADMIN-TOKEN", KEY})
    void obeysNobodyWithoutTheToken(String token) throws Exception {
        // Given
        assertThat(status(KEY)).isEqualTo(200);
        auth.forget(KEY);

        // When
        HttpResponse<Buffer> answer = gateway.order(HttpMethod.POST, "/admin/verdicts/purge", token);

        // Then
        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(TestGateway.reason(answer)).isEqualTo("admin_refused");
        assertThat(answer.getHeader("WWW-Authenticate")).contains("Bearer");
        assertThat(status(KEY)).isEqualTo(200);
    }

    @Test
    void isClosedWhereNoTokenIsSet(Vertx vertx) throws Exception {
        // Given
        environment.remove("TORII_ADMIN_TOKEN");
        TestGateway closed = TestGateway.start(vertx, environment);

        // When
        HttpResponse<Buffer> answer = closed.order(HttpMethod.POST, "/admin/verdicts/purge", "any");

        // Then
        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(TestGateway.reason(answer)).isEqualTo("admin_closed");
        assertThat(answer.bodyAsString()).contains("TORII_ADMIN_TOKEN");
        closed.stop();
    }

    @ParameterizedTest
    @CsvSource({
        "DELETE, /admin/verdicts/" + KEY + ", 400",
        "DELETE, /admin/verdicts/a%0Ab, 400",
        "DELETE, /admin/verdicts/a%20b, 400",
        "DELETE, /admin/verdicts/, 404",
        "DELETE, /admin/verdicts/purge/x, 404",
        "GET, /admin/verdicts/id-1, 405",
        "POST, /admin/unheard-of, 404"
    })
    void refusesWhatIsNoOrder(String method, String uri, int status) throws Exception {
        // Given the token

        // When
        HttpResponse<Buffer> answer = gateway.order(HttpMethod.valueOf(method), uri, TOKEN);

        // Then
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(String.valueOf(answer.bodyAsString())).doesNotContain("abcdefgh");
    }

    @Test
    void takesNoOrdersOnTheApiListener() throws Exception {
        // Given
        String path = "/admin/verdicts/purge";

        // When
        int status = gateway.request(HttpMethod.POST, path)
                .bearerTokenAuthentication(TOKEN)
                .send()
                .await(5, TimeUnit.SECONDS)
                .statusCode();

        // Then
        assertThat(status).isEqualTo(404);
    }

    @Test
    void knowsNoRevokedKeyAnyMoreEvenInAnOutage() throws Exception {
        // Given
        assertThat(status(KEY)).isEqualTo(200);
        auth.lying(500, "down");

        // When
        gateway.order(HttpMethod.DELETE, "/admin/verdicts/id-1", TOKEN);

        // Then
        assertThat(status(KEY)).isEqualTo(503);
    }
}

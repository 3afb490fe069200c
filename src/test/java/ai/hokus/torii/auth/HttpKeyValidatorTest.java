package ai.hokus.torii.auth;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.AuthServiceConfig;
import ai.hokus.torii.config.AuthServiceConfig.Form;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.identity.ApiKey;
import ai.hokus.torii.support.AuthServices;
import ai.hokus.torii.support.RecordedRequest;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.tls.TlsWatch;
import com.github.benmanes.caffeine.cache.Ticker;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How the question is put. What becomes of the answers: {@link AuthAnswerTest}, of outages: {@link AuthOutageTest}, of a
 * connection's next question: {@link AuthConnectionTest}.
 */
@ExtendWith(VertxExtension.class)
class HttpKeyValidatorTest {

    private static final String KEY = "hk_test_0123456789abcdefghijklmnopqrstuv";
    private static final ApiKey API_KEY = ApiKey.parse(KEY).orElseThrow();
    private static final String OWN = "gateways-own-credential";

    private StubServer service;

    @BeforeEach
    void starts(Vertx vertx) throws Exception {
        service = StubServer.start(vertx).answering(200, "{\"is_valid\":true}");
    }

    private static AuthServiceConfig config(Vertx vertx, String url, Form form, boolean sendClientIp) throws Exception {
        List<String> settings = new ArrayList<>(List.of(
                "TORII_AUTH_HTTP_FORM",
                form.name().toLowerCase(Locale.ROOT),
                "TORII_AUTH_HTTP_SEND_CLIENT_IP",
                String.valueOf(sendClientIp)));
        if (form == Form.SERVICE) {
            settings.addAll(List.of("TORII_AUTH_HTTP_SERVICE_CREDENTIAL", OWN));
        }
        return AuthServices.service(vertx, url, settings.toArray(String[]::new));
    }

    private static HttpKeyValidator validator(Vertx vertx, AuthServiceConfig config) {
        return new HttpKeyValidator(vertx, config, new AuthContract(config, Ticker.systemTicker()), TlsWatch.NONE);
    }

    private RecordedRequest question(Vertx vertx, AuthServiceConfig config) throws Exception {
        try (HttpKeyValidator validator = validator(vertx, config)) {
            validator.validate(new Inquiry(API_KEY, "10.0.0.9", true)).await(5, SECONDS);
        }
        assertThat(service.requests()).hasSize(1);
        return service.requests().get(0);
    }

    @ParameterizedTest
    @CsvSource({"HEADER, Bearer " + KEY + ", ", "BODY, , " + KEY, "SERVICE, Bearer " + OWN + ", " + KEY})
    void asksInTheConfiguredForm(Form form, String authorization, String keyInBody, Vertx vertx) throws Exception {
        // Given
        AuthServiceConfig config = config(vertx, service.url(), form, true);
        JsonObject body = new JsonObject().put("service_id", "platform").put("client_ip", "10.0.0.9");
        if (keyInBody != null) {
            body.put("api_key", keyInBody);
        }

        // When
        RecordedRequest question = question(vertx, config);

        // Then
        assertThat(question.method()).isEqualTo("POST");
        assertThat(question.uri()).isEqualTo("/api/v1/keys/validate");
        assertThat(question.headers().get("Authorization")).isEqualTo(authorization);
        assertThat(question.headers().get("Content-Type")).isEqualTo("application/json");
        assertThat(question.headers().get("Content-Length"))
                .isEqualTo(String.valueOf(question.body().length()));
        assertThat(question.headers().get("User-Agent")).isEqualTo("torii");
        assertThat(new JsonObject(question.body())).isEqualTo(body);
    }

    @ParameterizedTest
    @CsvSource({"HEADER", "BODY", "SERVICE"})
    void sendsNoAddressWhenItMayNot(Form form, Vertx vertx) throws Exception {
        // Given
        AuthServiceConfig config = config(vertx, service.url(), form, false);

        // When
        RecordedRequest question = question(vertx, config);

        // Then
        assertThat(new JsonObject(question.body()).fieldNames())
                .contains("service_id")
                .doesNotContain("client_ip", "required_scope");
        assertThat(question.body().toString()).doesNotContain("10.0.0.9");
    }

    @ParameterizedTest
    @CsvSource({"/, /api/v1/keys/validate", "/auth, /auth/api/v1/keys/validate", "/a%20b/, /a%20b/api/v1/keys/validate"
    })
    void keepsThePathOfTheServicesAddress(String path, String uri, Vertx vertx) throws Exception {
        // Given
        AuthServiceConfig config = config(vertx, service.url() + path, Form.HEADER, true);

        // When
        RecordedRequest question = question(vertx, config);

        // Then
        assertThat(question.uri()).isEqualTo(uri);
    }

    @Test
    void neverSaysThatItsAnswerIsRemembered(Vertx vertx) throws Exception {
        // Given
        HttpKeyValidator validator = validator(vertx, config(vertx, service.url(), Form.HEADER, true));
        validator.validate(new Inquiry(API_KEY, "10.0.0.9", true)).await(5, SECONDS);

        // When
        KeyValidator.Answer second =
                validator.validate(new Inquiry(API_KEY, "10.0.0.9", true)).await(5, SECONDS);

        // Then
        assertThat(second.source()).isEqualTo(VerdictSource.CALL);
        assertThat(service.requests()).hasSize(2);
        validator.close();
    }

    @ParameterizedTest
    @CsvSource({"Authorization, Token, Token " + KEY, "X-API-Key, none, " + KEY, "X-Auth, Bearer, Bearer " + KEY})
    void sendsTheKeyInTheConfiguredField(String header, String scheme, String value, Vertx vertx) throws Exception {
        // Given
        AuthServiceConfig config = AuthServices.service(
                vertx, service.url(), "TORII_AUTH_HTTP_KEY_HEADER", header, "TORII_AUTH_HTTP_KEY_SCHEME", scheme);

        // When
        RecordedRequest question = question(vertx, config);

        // Then
        assertThat(question.headers().getAll(header)).containsExactly(value);
        assertThat(question.body().toString()).doesNotContain(KEY);
    }

    @Test
    void namesTheBodysFieldsAsConfigured(Vertx vertx) throws Exception {
        // Given
        AuthServiceConfig config = AuthServices.service(
                vertx,
                service.url(),
                "TORII_AUTH_HTTP_METHOD",
                "put",
                "TORII_AUTH_HTTP_PATH",
                "/check",
                "TORII_AUTH_HTTP_FORM",
                "body",
                "AUTH_SERVICE_ID",
                "website",
                "TORII_AUTH_HTTP_FIELDS_API_KEY",
                "token",
                "TORII_AUTH_HTTP_FIELDS_SERVICE_ID",
                "audience",
                "TORII_AUTH_HTTP_FIELDS_CLIENT_IP",
                "from");

        // When
        RecordedRequest question = question(vertx, config);

        // Then
        assertThat(question.method()).isEqualTo("PUT");
        assertThat(question.uri()).isEqualTo("/check");
        assertThat(new JsonObject(question.body()))
                .isEqualTo(new JsonObject()
                        .put("token", KEY)
                        .put("audience", "website")
                        .put("from", "10.0.0.9"));
    }

    @Test
    void sendsNoBodyWithGet(Vertx vertx) throws Exception {
        // Given
        AuthServiceConfig config = AuthServices.service(vertx, service.url(), "TORII_AUTH_HTTP_METHOD", "get");

        // When
        RecordedRequest question = question(vertx, config);

        // Then
        assertThat(question.method()).isEqualTo("GET");
        assertThat(question.body().length()).isZero();
        assertThat(question.headers().get("Authorization")).isEqualTo("Bearer " + KEY);
        assertThat(question.headers().contains("Content-Type")).isFalse();
    }
}

package ai.hokus.torii.auth;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.config.AuthConfig.Form;
import ai.hokus.torii.config.Secret;
import ai.hokus.torii.identity.ApiKey;
import ai.hokus.torii.support.RecordedRequest;
import ai.hokus.torii.support.StubServer;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How the question is put. What becomes of the answers: {@link AuthAnswerTest}, of outages: {@link AuthOutageTest}. */
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

    private static AuthConfig.Http config(String url, Form form, boolean sendClientIp) {
        return new AuthConfig.Http(
                URI.create(url),
                "/api/v1/keys/validate",
                form,
                "platform",
                form == Form.SERVICE ? Optional.of(new Secret(OWN)) : Optional.empty(),
                Duration.ofSeconds(5),
                sendClientIp,
                4);
    }

    private RecordedRequest question(Vertx vertx, AuthConfig.Http config) throws Exception {
        try (HttpKeyValidator validator = new HttpKeyValidator(vertx, config)) {
            validator.validate(API_KEY, "10.0.0.9").await(5, SECONDS);
        }
        assertThat(service.requests()).hasSize(1);
        return service.requests().get(0);
    }

    @ParameterizedTest
    @CsvSource({"HEADER, Bearer " + KEY + ", ", "BODY, , " + KEY, "SERVICE, Bearer " + OWN + ", " + KEY})
    void asksInTheConfiguredForm(Form form, String authorization, String keyInBody, Vertx vertx) throws Exception {
        // Given
        AuthConfig.Http config = config(service.url(), form, true);
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
        AuthConfig.Http config = config(service.url(), form, false);

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
        AuthConfig.Http config = config(service.url() + path, Form.HEADER, true);

        // When
        RecordedRequest question = question(vertx, config);

        // Then
        assertThat(question.uri()).isEqualTo(uri);
    }

    @Test
    void neverSaysThatItsAnswerIsRemembered(Vertx vertx) throws Exception {
        // Given
        HttpKeyValidator validator = new HttpKeyValidator(vertx, config(service.url(), Form.HEADER, true));
        validator.validate(API_KEY, "10.0.0.9").await(5, SECONDS);

        // When
        KeyValidator.Answer second = validator.validate(API_KEY, "10.0.0.9").await(5, SECONDS);

        // Then
        assertThat(second.isCached()).isFalse();
        assertThat(service.requests()).hasSize(2);
        validator.close();
    }
}

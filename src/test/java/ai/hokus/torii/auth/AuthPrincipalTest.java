package ai.hokus.torii.auth;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.identity.ApiKey;
import ai.hokus.torii.identity.Principal;
import ai.hokus.torii.support.AuthServices;
import ai.hokus.torii.support.StubServer;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whom an accepted key belongs to, as the auth service's answer says. */
@ExtendWith(VertxExtension.class)
class AuthPrincipalTest {

    private static final ApiKey KEY =
            ApiKey.parse("hk_test_0123456789abcdefghijklmnopqrstuv").orElseThrow();

    private StubServer service;
    private HttpKeyValidator validator;

    @BeforeEach
    void starts(Vertx vertx) throws Exception {
        service = StubServer.start(vertx);
        validator = AuthServices.validator(vertx, service.url());
    }

    @AfterEach
    void closes() {
        validator.close();
    }

    private Principal principal() throws Exception {
        Verdict verdict = validator
                .validate(new Inquiry(KEY, "10.0.0.9", true))
                .await(5, SECONDS)
                .verdict();
        return ((Accepted) verdict).principal();
    }

    @Test
    void tellsWhoTheKeyBelongsToAndWhatItMayDo() throws Exception {
        // Given
        service.answering(200, """
                {"is_valid":true, "key_id":"k-1", "user_id":42, "service_id":"platform", "billing_plan":null,
                 "scopes":["mlflow:read","model:write","mlflow:read"], "rate_limit_per_hour":1000,
                 "expires_at":"2027-01-31T00:00:00Z", "error":null}""");

        // When
        Principal principal = principal();

        // Then
        assertThat(principal)
                .isEqualTo(new Principal(
                        "k-1",
                        "42",
                        Set.of("mlflow:read", "model:write"),
                        Set.of(),
                        OptionalLong.of(1000),
                        Optional.of(Instant.parse("2027-01-31T00:00:00Z"))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"is_valid\":true}",
                "{\"is_valid\":true,\"scopes\":null}",
                "{\"is_valid\":true,\"scopes\":[]}",
                "{\"is_valid\":true,\"scopes\":\"admin\"}",
                "{\"is_valid\":true,\"scopes\":{\"admin\":true}}",
                "{\"is_valid\":true,\"scopes\":[null,1,[\"admin\"]]}",
                "{\"is_valid\":true,\"key_id\":null,\"user_id\":{},\"rate_limit_per_hour\":\"9\",\"expires_at\":\"never\"}"
            })
    void grantsNothingThatItDoesNotSay(String body) throws Exception {
        // Given
        service.answering(200, body);

        // When
        Principal principal = principal();

        // Then
        assertThat(principal)
                .isEqualTo(new Principal("", "", Set.of(), Set.of(), OptionalLong.empty(), Optional.empty()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2027-01-31T00:00:00Z | 2027-01-31T00:00:00Z",
                "2027-01-31T01:00:00+01:00 | 2027-01-31T00:00:00Z",
                "2027-01-31T00:00:00 | 2027-01-31T00:00:00Z",
                "2027-01-31T00:00:00.123456 | 2027-01-31T00:00:00.123456Z",
                "2027-01-31 00:00:00+00:00 | 2027-01-31T00:00:00Z",
                "2027-01-31T02:00:00+0200 | 2027-01-31T00:00:00Z",
                "2027-01-31 | 2027-01-31T00:00:00Z"
            })
    void readsTheTimesThatServicesWrite(String written, String expected) throws Exception {
        // Given
        service.answering(200, "{\"is_valid\":true,\"expires_at\":\"" + written + "\"}");

        // When
        Principal principal = principal();

        // Then
        assertThat(principal.expiresAt()).contains(Instant.parse(expected));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1801440000", "1801440000000", "1801440000.0", "1.80144e9"})
    void readsATimeInSecondsOrMillisecondsSince1970(String number) throws Exception {
        // Given
        service.answering(200, "{\"is_valid\":true,\"expires_at\":" + number + "}");

        // When
        Principal principal = principal();

        // Then
        assertThat(principal.expiresAt()).contains(Instant.parse("2027-02-01T00:00:00Z"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "9e18",
                "31556889864403200000",
                "1e999",
                "-9e18",
                "123456789012345678901234567890123456789012345678901234567890",
                "\"+1000000000-01-01T00:00:00Z\"",
                "\"tomorrow\"",
                "\"\"",
                "{}",
                "true"
            })
    void takesATimeThatNobodyCanReadForNone(String value) throws Exception {
        // Given
        service.answering(200, "{\"is_valid\":true,\"expires_at\":" + value + "}");

        // When
        Principal principal = principal();

        // Then
        assertThat(principal.expiresAt()).isEmpty();
    }

    @Test
    void findsWhatLaterVersionsNestUnderTheUser() throws Exception {
        // Given
        service.answering(200, """
                {"is_valid":true, "key_id":"k-1",
                 "user":{"id":"ada", "roles":["registry:admin"], "is_admin":true, "scopes":["mlflow:read"]}}""");

        // When
        Principal principal = principal();

        // Then
        assertThat(principal)
                .isEqualTo(new Principal(
                        "k-1",
                        "ada",
                        Set.of("mlflow:read"),
                        Set.of("registry:admin", "is_admin"),
                        OptionalLong.empty(),
                        Optional.empty()));
    }

    @Test
    void makesNobodyAnAdministratorByAnythingButTrue() throws Exception {
        // Given
        service.answering(200, "{\"is_valid\":true,\"is_admin\":\"true\",\"user\":{\"is_admin\":1}}");

        // When
        Principal principal = principal();

        // Then
        assertThat(principal.roles()).isEmpty();
    }

    @Test
    void findsTheFactsWhereTheSettingsSay(Vertx vertx) throws Exception {
        // Given
        service.answering(200, """
                {"result":{"ok":true, "key":"k-9", "who":"eve", "can":["a"], "is":["b"], "boss":true, "rate":7,
                 "until":"2027-01-31T00:00:00Z"}, "is_valid":false}""");
        validator.close();
        validator = AuthServices.validator(
                vertx,
                service.url(),
                "TORII_AUTH_HTTP_ANSWER_VALID",
                "result.ok",
                "TORII_AUTH_HTTP_ANSWER_KEY_ID",
                "absent, result.key",
                "TORII_AUTH_HTTP_ANSWER_USER_ID",
                "result.who",
                "TORII_AUTH_HTTP_ANSWER_SCOPES",
                "result.can",
                "TORII_AUTH_HTTP_ANSWER_ROLES",
                "result.is",
                "TORII_AUTH_HTTP_ANSWER_IS_ADMIN",
                "result.boss",
                "TORII_AUTH_HTTP_ANSWER_RATE_LIMIT",
                "result.rate",
                "TORII_AUTH_HTTP_ANSWER_EXPIRES_AT",
                "result.until");

        // When
        Principal principal = principal();

        // Then
        assertThat(principal)
                .isEqualTo(new Principal(
                        "k-9",
                        "eve",
                        Set.of("a"),
                        Set.of("b", "is_admin"),
                        OptionalLong.of(7),
                        Optional.of(Instant.parse("2027-01-31T00:00:00Z"))));
    }
}

package ai.hokus.torii.auth;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.identity.ApiKey;
import ai.hokus.torii.support.AuthServices;
import ai.hokus.torii.support.StubServer;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of the auth service's answers, over a real connection. */
@ExtendWith(VertxExtension.class)
class AuthAnswerTest {

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

    private Verdict verdict() throws Exception {
        return validator
                .validate(new Inquiry(KEY, "10.0.0.9", true))
                .await(5, SECONDS)
                .verdict();
    }

    private GatewayFailure failure() {
        GatewayFailure failure = catchThrowableOfType(GatewayFailure.class, this::verdict);
        assertThat(failure).isNotNull();
        assertThat(failure.getMessage() + failure.detail()).doesNotContain("0123456789");
        return failure;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "200 | {\"is_valid\":true} | accepted",
                "200 | {\"is_valid\":true,\"error\":null,\"unheard\":{\"of\":[1]}} | accepted",
                "200 | {\"is_valid\":false} | key_refused",
                "200 | {\"is_valid\":false,\"scopes\":[\"admin\"],\"user_id\":\"ada\"} | key_refused",
                "401 | {\"detail\":\"Invalid or expired API key\"} | key_refused",
                "401 | {} | key_refused",
                "401 | '' | key_refused",
                "402 | {\"detail\":\"Insufficient balance\"} | key_not_allowed",
                "403 | {\"detail\":\"Forbidden\"} | key_not_allowed",
                "403 | <html>WAF</html> | key_not_allowed"
            })
    void isAVerdict(int status, String body, String outcome) throws Exception {
        // Given
        service.answering(status, body);

        // When
        Verdict verdict = verdict();

        // Then
        assertThat(verdict.outcome()).isEqualTo(outcome);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "401 | {\"detail\":\"API key required\"} |"
                        + " it answered 401 'API key required' although a key was sent: the form is wrong",
                "401 | {\"detail\":\"Invalid service credential\"} | it answered 401 'Invalid service credential':"
                        + " auth.http.form or service-credential is wrong",
                "400 | {} | it answered 400: the path or the form is wrong",
                "404 | {} | it answered 404: the path or the form is wrong",
                "405 | {} | it answered 405: the path or the form is wrong",
                "415 | {} | it answered 415: the path or the form is wrong",
                "422 | {\"detail\":[{\"loc\":[\"body\"]}]} | it answered 422: the path or the form is wrong"
            })
    void isAMisunderstandingThatTheSettingsAreToBlameFor(int status, String body, String detail) {
        // Given
        service.answering(status, body);

        // When
        GatewayFailure failure = failure();

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_CONTRACT);
        assertThat(failure.detail()).isEqualTo(detail);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | its answer has no boolean is_valid",
                "{\"is_valid\":\"true\"} | its answer has no boolean is_valid",
                "{\"is_valid\":1} | its answer has no boolean is_valid",
                "{\"is_valid\":null} | its answer has no boolean is_valid",
                "{\"valid\":true} | its answer has no boolean is_valid",
                "{\"IS_VALID\":true} | its answer has no boolean is_valid",
                "{\"result\":{\"is_valid\":true}} | its answer has no boolean is_valid",
                "[] | its answer is no JSON object",
                "[{\"is_valid\":true}] | its answer is no JSON object",
                "true | its answer is no JSON object",
                "null | its answer is no JSON object",
                "\"is_valid\" | its answer is no JSON object",
                "<html>200 OK</html> | its answer is no JSON",
                "{\"is_valid\":true | its answer is no JSON",
                "{\"is_valid\":true}} | its answer is no JSON",
                "{'is_valid':true} | its answer is no JSON",
                "is_valid=true | its answer is no JSON"
            })
    void isNoVerdictUnlessItHasABooleanIsValid(String body, String detail) {
        // Given
        service.answering(200, body);

        // When
        GatewayFailure failure = failure();

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_ANSWER_UNREADABLE);
        assertThat(failure.detail()).isEqualTo(detail);
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 204})
    void isNoVerdictWhenItIsEmpty(int status) {
        // Given
        service.answering(status, "");

        // When
        GatewayFailure failure = failure();

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_ANSWER_UNREADABLE);
    }

    @ParameterizedTest
    @CsvSource({
        "201, auth_answer_unreadable",
        "206, auth_answer_unreadable",
        "304, auth_answer_unreadable",
        "406, auth_answer_unreadable",
        "500, auth_unavailable",
        "502, auth_unavailable",
        "503, auth_unavailable",
        "504, auth_unavailable",
        "599, auth_unavailable"
    })
    void isNoVerdictUnderAnyOtherStatus(int status, String code) {
        // Given
        service.answering(status, "{\"is_valid\":true}");

        // When
        GatewayFailure failure = failure();

        // Then
        assertThat(failure.reason().code()).isEqualTo(code);
        assertThat(failure.detail()).isEqualTo("it answered " + status);
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void isNoVerdictWhenItIsARedirectWhichIsNotFollowed(int status) {
        // Given
        service.answering((question, response) -> {
            if (question.uri().equals("/elsewhere")) {
                response.end("{\"is_valid\":true}");
            } else {
                response.setStatusCode(status)
                        .putHeader("Location", service.url() + "/elsewhere")
                        .end();
            }
        });

        // When
        GatewayFailure failure = failure();

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_ANSWER_UNREADABLE);
        assertThat(failure.detail()).isEqualTo("it answered " + status);
        assertThat(service.requests()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "7 | 7",
                "60 | 60",
                "120 | 60",
                "0 | 1",
                "-5 | 1",
                " | 1",
                "soon | 60",
                "99999999999999999999 | 60",
                "Sun, 22 Nov 2026 00:00:00 GMT | 60"
            })
    void isPassedOnWithItsPauseWhenItIsALimit(String retryAfter, long seconds) {
        // Given
        service.answering((question, response) -> {
            HttpServerResponse limited = response.setStatusCode(429);
            if (retryAfter != null) {
                limited.putHeader("Retry-After", retryAfter);
            }
            limited.end("{\"detail\":\"slow down\"}");
        });

        // When
        GatewayFailure failure = failure();

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_RATE_LIMITED);
        assertThat(failure.retryAfter()).contains(Duration.ofSeconds(seconds));
    }
}

package ai.hokus.torii.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GatewayFailureTest {

    private static final String DETAIL = FailureCatalogueTest.DETAIL;

    @ParameterizedTest
    @ValueSource(ints = {414, 417, 431})
    void hasAStatusOfItsOwnForAHeadThatIsTooLongOrExpectsTooMuch(int status) {
        // Given
        String what = "the request line is longer than api.max-target";

        // When
        GatewayFailure failure = GatewayFailure.requestMalformed(status, what);

        // Then
        assertThat(failure.status()).isEqualTo(status);
        assertThat(failure.reason()).isEqualTo(Reason.REQUEST_MALFORMED);
        assertThat(failure).hasMessage("The request is malformed: " + what + ".");
    }

    @Test
    void endsTheConnectionExactlyWhereTheEndOfTheMessageIsInDoubt() {
        // Given
        List<GatewayFailure> failures = FailureCatalogueTest.failures().toList();

        // When
        List<Reason> ending = failures.stream()
                .filter(GatewayFailure::endsConnection)
                .map(GatewayFailure::reason)
                .toList();

        // Then
        assertThat(ending).containsExactlyInAnyOrder(Reason.REQUEST_MALFORMED, Reason.HOST_REFUSED);
    }

    @ParameterizedTest
    @MethodSource("ai.hokus.torii.exchange.FailureCatalogueTest#failures")
    void tellsTheCallerNothingThatIsForTheOperator(GatewayFailure failure) {
        // Given the failure

        // When
        String answer = failure.getMessage() + failure.headers() + failure;

        // Then
        assertThat(answer).doesNotContain("10.1.2.3").doesNotContain("8000").doesNotContain("hk_live_");
    }

    @ParameterizedTest
    @MethodSource("ai.hokus.torii.exchange.FailureCatalogueTest#failures")
    void isASentenceWithoutAStackTraceOrACause(GatewayFailure failure) {
        // Given the failure

        // When
        StackTraceElement[] trace = failure.getStackTrace();

        // Then
        assertThat(trace).isEmpty();
        assertThat(failure).hasNoCause().hasNoSuppressedExceptions();
        assertThat(failure.getMessage()).matches("(?s)[A-Z].*\\.");
    }

    @Test
    void asksForAPauseExactlyWhereWaitingHelps() {
        // Given
        List<GatewayFailure> failures = FailureCatalogueTest.failures().toList();

        // When
        Set<Reason> waiting = failures.stream()
                .filter(failure -> failure.retryAfter().isPresent())
                .map(GatewayFailure::reason)
                .collect(Collectors.toSet());

        // Then
        assertThat(waiting)
                .containsExactlyInAnyOrder(
                        Reason.AUTH_UNAVAILABLE,
                        Reason.AUTH_TIMEOUT,
                        Reason.AUTH_ANSWER_UNREADABLE,
                        Reason.AUTH_RATE_LIMITED,
                        Reason.AUTH_BUDGET,
                        Reason.RATE_LIMITED,
                        Reason.REVOCATION_NOT_SHARED,
                        Reason.UPSTREAM_UNREACHABLE,
                        Reason.OVERLOADED);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "59, 59", "60, 60", "61, 60", "3600, 60", "9223372036854775807, 60"})
    void asksForNoPauseAboveAMinute(long asked, long told) {
        // Given
        GatewayFailure failure = GatewayFailure.authRateLimited(Duration.ofSeconds(asked));

        // When
        Optional<Duration> pause = failure.retryAfter();

        // Then
        assertThat(pause).contains(Duration.ofSeconds(told));
    }

    @Test
    void saysTheWordsThatScriptsOf2025LookFor() {
        // Given
        GatewayFailure missing = GatewayFailure.keyMissing();

        // When
        String message = missing.getMessage();

        // Then
        assertThat(message)
                .isEqualTo("API key required. Set MLFLOW_TRACKING_TOKEN=<your key>, or send it as"
                        + " 'Authorization: Bearer <key>' or 'X-API-Key: <key>'.");
        assertThat(GatewayFailure.keyRefused())
                .hasMessage("Invalid or expired API key. It was checked and is not accepted; make sure that it is the"
                        + " whole key, or ask for a new one.");
        assertThat(GatewayFailure.keyMalformed())
                .hasMessage("Invalid or expired API key: what was sent cannot be a key (it is too long, holds"
                        + " characters that no key has, or is not well-formed Basic). Copy it once more, whole and"
                        + " without quotes.");
    }

    @ParameterizedTest
    @MethodSource("ai.hokus.torii.exchange.FailureCatalogueTest#failures")
    void challengesExactlyThe401(GatewayFailure failure) {
        // Given the failure

        // When
        String challenge = failure.headers().get("WWW-Authenticate");

        // Then
        assertThat(challenge)
                .isEqualTo(failure.reason().status() == 401 ? "Bearer realm=\"torii\", Basic realm=\"torii\"" : null);
    }

    @Test
    void namesTheMethodsThatAPathTakes() {
        // Given
        GatewayFailure failure = GatewayFailure.methodNotAllowed("GET, HEAD");

        // When
        String allow = failure.headers().get("Allow");

        // Then
        assertThat(allow).isEqualTo("GET, HEAD");
        assertThat(failure).hasMessage("This path does not take that method. Allowed: GET, HEAD.");
    }

    @Test
    void namesTheSettingThatABodyIsTooLargeFor() {
        // Given
        String setting = "spool.max-body";

        // When
        GatewayFailure failure = GatewayFailure.bodyTooLarge(setting, "5GiB");

        // Then
        assertThat(failure)
                .hasMessage("The request body has no Content-Length and is larger than 5GiB (spool.max-body)."
                        + " Send it with a Content-Length, as MLflow's clients do.");
    }

    @Test
    void keepsAFailureOfOursAndTakesAnyOtherForAFaultOfTheGateway() {
        // Given
        GatewayFailure ours = GatewayFailure.keyMissing();

        // When
        GatewayFailure foreign = GatewayFailure.from(new IllegalStateException(DETAIL));

        // Then
        assertThat(GatewayFailure.from(ours)).isSameAs(ours);
        assertThat(foreign.reason()).isEqualTo(Reason.INTERNAL);
        assertThat(foreign).hasMessage("The gateway failed. Quote the request id to whoever operates it.");
        assertThat(foreign.detail()).isEqualTo("java.lang.IllegalStateException");
        assertThat(GatewayFailure.from(null).reason()).isEqualTo(Reason.INTERNAL);
    }
}

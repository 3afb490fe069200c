package ai.hokus.torii.auth;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.torii.auth.CachingKeyValidator.Memory;
import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.auth.Verdict.Refusal;
import ai.hokus.torii.auth.Verdict.Rejected;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.identity.ApiKey;
import ai.hokus.torii.identity.Principal;
import io.vertx.core.Future;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** One test, or table, for each invariant of the class, in its order. */
class CachingKeyValidatorTest {

    private static final ApiKey KEY =
            ApiKey.parse("hk_test_0123456789abcdefghijklmnopqrstuv").orElseThrow();
    private static final String IP = "10.0.0.9";
    private static final Instant START = Instant.parse("2026-11-22T00:00:00Z");

    /** What the delegate was asked, in order. */
    private final List<String> asked = new ArrayList<>();

    private Future<Verdict> answer = Future.succeededFuture(new Rejected(Refusal.REFUSED));
    private Duration now = Duration.ZERO;

    private final KeyValidator delegate = (key, clientIp) -> {
        asked.add(key.reveal() + "@" + clientIp);
        return answer.map(verdict -> new KeyValidator.Answer(verdict, false));
    };

    private final Clock clock = ((InstantSource) () -> START.plus(now)).withZone(ZoneOffset.UTC);

    private CachingKeyValidator validator = remembering(Duration.ofSeconds(60), Duration.ofSeconds(10));

    private CachingKeyValidator remembering(Duration ttl, Duration refusedTtl) {
        return new CachingKeyValidator(delegate, memory(ttl, refusedTtl, 1000));
    }

    private Memory memory(Duration ttl, Duration refusedTtl, long maxEntries) {
        return new Memory(new AuthConfig.Cache(ttl, refusedTtl, maxEntries), () -> now.toNanos(), clock);
    }

    private static Verdict accepted(Instant expiresAt) {
        return new Accepted(new Principal(
                "id", "ada", Set.of("mlflow:read"), OptionalLong.empty(), Optional.ofNullable(expiresAt)));
    }

    private KeyValidator.Answer ask(ApiKey key, String clientIp) throws Exception {
        return validator.validate(key, clientIp).await(5, SECONDS);
    }

    private boolean isRemembered() throws Exception {
        return ask(KEY, IP).isCached();
    }

    @ParameterizedTest
    @CsvSource({"accepted", "key_refused", "key_not_allowed"})
    void remembersAVerdictAndAsksOnce(String outcome) throws Exception {
        // Given
        answer = Future.succeededFuture(
                switch (outcome) {
                    case "accepted" -> accepted(null);
                    case "key_refused" -> new Rejected(Refusal.REFUSED);
                    default -> new Rejected(Refusal.NOT_ALLOWED);
                });
        KeyValidator.Answer first = ask(KEY, IP);

        // When
        KeyValidator.Answer second = ask(KEY, IP);

        // Then
        assertThat(first.isCached()).isFalse();
        assertThat(second).isEqualTo(new KeyValidator.Answer(first.verdict(), true));
        assertThat(second.verdict().outcome()).isEqualTo(outcome);
        assertThat(asked).hasSize(1);
    }

    @Test
    void invariant1NeverRemembersAFailedLookUp() throws Exception {
        // Given
        answer = Future.failedFuture(GatewayFailure.authUnavailable("down"));
        GatewayFailure outage = catchThrowableOfType(GatewayFailure.class, () -> ask(KEY, IP));
        answer = Future.succeededFuture(accepted(null));

        // When
        KeyValidator.Answer afterwards = ask(KEY, IP);

        // Then
        assertThat(outage.detail()).isEqualTo("down");
        assertThat(afterwards.isCached()).isFalse();
        assertThat(afterwards.verdict().outcome()).isEqualTo("accepted");
        assertThat(asked).hasSize(2);
    }

    @Test
    void invariant1KeepsNoPlaceForAFailedLookUp() {
        // Given
        Memory memory = memory(Duration.ofSeconds(60), Duration.ofSeconds(10), 1000);
        answer = Future.failedFuture(GatewayFailure.authRateLimited(Duration.ofSeconds(1)));

        // When
        new CachingKeyValidator(delegate, memory).validate(KEY, IP);

        // Then
        assertThat(memory.size()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "hk_test_0123456789abcdefghijklmnopqrstu, 10.0.0.9",
        "hk_test_0123456789abcdefghijklmnopqrstuw, 10.0.0.9",
        "HK_LIVE_0123456789abcdefghijklmnopqrstuv, 10.0.0.9",
        "hk_test_0123456789abcdefghijklmnopqrstuv, 10.0.0.8",
        "hk_test_0123456789abcdefghijklmnopqrstuv1, 0.0.0.9",
        "hk_test_0123456789abcdefghijklmnopqrstuv10.0.0.9, ''"
    })
    void invariant2FindsAnEntryByTheWholeKeyAndTheCallersAddress(String key, String clientIp) throws Exception {
        // Given
        answer = Future.succeededFuture(accepted(null));
        ask(KEY, IP);

        // When
        KeyValidator.Answer other = ask(ApiKey.parse(key).orElseThrow(), clientIp);

        // Then
        assertThat(other.isCached()).isFalse();
        assertThat(asked).containsExactly(KEY.reveal() + "@" + IP, key + "@" + clientIp);
        assertThat(isRemembered()).isTrue();
    }

    @Test
    void invariant3BelievesAnAcceptanceForTheConfiguredTimeAndNotLonger() throws Exception {
        // Given
        answer = Future.succeededFuture(accepted(null));
        ask(KEY, IP);
        now = Duration.ofSeconds(60).minusNanos(1);
        boolean justBefore = isRemembered();
        now = Duration.ofSeconds(60);

        // When
        boolean atTheEnd = isRemembered();

        // Then
        assertThat(justBefore).isTrue();
        assertThat(atTheEnd).isFalse();
    }

    @Test
    void invariant3LivesNotLongerForBeingAskedFor() throws Exception {
        // Given
        answer = Future.succeededFuture(accepted(null));
        ask(KEY, IP);
        for (int second = 10; second < 60; second += 10) {
            now = Duration.ofSeconds(second);
            ask(KEY, IP);
        }
        now = Duration.ofSeconds(60);

        // When
        boolean remembered = isRemembered();

        // Then
        assertThat(remembered).isFalse();
        assertThat(asked).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({"7, 6, true", "7, 7, false", "0, 0, false", "-3600, 0, false", "3600, 59, true", "3600, 60, false"})
    void invariant3BelievesAnAcceptanceNeverBeyondTheKeysOwnExpiry(long expires, long asks, boolean remembered)
            throws Exception {
        // Given
        answer = Future.succeededFuture(accepted(START.plusSeconds(expires)));
        ask(KEY, IP);
        now = Duration.ofSeconds(asks);

        // When
        boolean still = isRemembered();

        // Then
        assertThat(still).isEqualTo(remembered);
    }

    @ParameterizedTest
    @EnumSource(Refusal.class)
    void invariant4BelievesARefusalForItsOwnShorterTime(Refusal refusal) throws Exception {
        // Given
        answer = Future.succeededFuture(new Rejected(refusal));
        ask(KEY, IP);
        now = Duration.ofSeconds(10).minusNanos(1);
        boolean justBefore = isRemembered();
        now = Duration.ofSeconds(10);

        // When
        boolean atTheEnd = isRemembered();

        // Then
        assertThat(justBefore).isTrue();
        assertThat(atTheEnd).isFalse();
    }

    @Test
    void invariant5RemembersNoAcceptanceForAZeroTime() throws Exception {
        // Given
        validator = remembering(Duration.ZERO, Duration.ofSeconds(10));
        answer = Future.succeededFuture(accepted(null));
        ask(KEY, IP);

        // When
        boolean remembered = isRemembered();

        // Then
        assertThat(remembered).isFalse();
        assertThat(asked).hasSize(2);
    }

    @Test
    void invariant5RemembersNoRefusalForAZeroTime() throws Exception {
        // Given
        validator = remembering(Duration.ofSeconds(60), Duration.ZERO);
        ask(KEY, IP);

        // When
        boolean remembered = isRemembered();

        // Then
        assertThat(remembered).isFalse();
        assertThat(asked).hasSize(2);
    }
}

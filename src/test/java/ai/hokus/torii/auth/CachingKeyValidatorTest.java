package ai.hokus.torii.auth;

import static ai.hokus.torii.exchange.VerdictSource.CACHE;
import static ai.hokus.torii.exchange.VerdictSource.CALL;
import static ai.hokus.torii.exchange.VerdictSource.SHARED;
import static ai.hokus.torii.exchange.VerdictSource.STALE;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.auth.KeyValidator.Answer;
import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.auth.Verdict.Refusal;
import ai.hokus.torii.auth.Verdict.Rejected;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.identity.ApiKey;
import ai.hokus.torii.identity.Principal;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** One test, or table, for each invariant of the class, in its order. */
class CachingKeyValidatorTest {

    private static final ApiKey KEY =
            ApiKey.parse("hk_test_0123456789abcdefghijklmnopqrstuv").orElseThrow();
    private static final String IP = "10.0.0.9";
    private static final Inquiry READ = new Inquiry(KEY, IP, true);
    private static final Inquiry WRITE = new Inquiry(KEY, IP, false);
    private static final Instant START = Instant.parse("2026-11-22T00:00:00Z");
    private static final GatewayFailure DOWN = GatewayFailure.authUnavailable("down");

    /** What the delegate was asked, in order. */
    private final List<String> asked = new ArrayList<>();

    /** Look-ups that wait for the test to answer them; used when {@link #answer} is null. */
    private final Deque<Promise<Answer>> open = new ArrayDeque<>();

    private Future<Verdict> answer = Future.succeededFuture(accepted(null));
    private Duration now = Duration.ZERO;
    private Duration ttl = Duration.ofSeconds(60);
    private Duration refusedTtl = Duration.ofSeconds(10);
    private final Clock clock = ((InstantSource) () -> START.plus(now)).withZone(ZoneOffset.UTC);
    private VerdictMemory memory;
    private CachingKeyValidator validator = remembering();

    private final KeyValidator delegate = inquiry -> {
        asked.add(inquiry.key().reveal() + "@" + inquiry.clientIp());
        if (answer != null) {
            return answer.map(verdict -> new Answer(verdict, CALL));
        }
        open.add(Promise.promise());
        return open.getLast().future();
    };

    private CachingKeyValidator remembering() {
        return remembering(new AuthConfig.UnknownKeys(0, 1, 1));
    }

    private CachingKeyValidator remembering(AuthConfig.UnknownKeys unknownKeys) {
        AuthConfig.Cache config =
                new AuthConfig.Cache(ttl, refusedTtl, Duration.ofMinutes(5), Duration.ofSeconds(60), 1000, 1000);
        memory = new VerdictMemory(config, Duration.ofSeconds(7), () -> now.toNanos(), clock);
        LookUpGate gate = new LookUpGate(
                new AuthConfig.Breaker(1000, Duration.ofSeconds(10), 50, Duration.ofSeconds(2), Duration.ofSeconds(5)),
                unknownKeys,
                () -> now.toNanos());
        CachingKeyValidator.Shared shared =
                new CachingKeyValidator.Shared(memory, gate, KeyHasher.create(true), outcome -> {});
        return new CachingKeyValidator(inquiry -> delegate.validate(inquiry), shared);
    }

    private static Verdict accepted(Instant expiresAt) {
        return new Accepted(new Principal(
                "id", "ada", Set.of("mlflow:read"), Set.of(), OptionalLong.empty(), Optional.ofNullable(expiresAt)));
    }

    private Answer ask(Inquiry inquiry) {
        Future<Answer> future = validator.validate(inquiry);
        assertThat(future.isComplete()).isTrue();
        return future.result();
    }

    private VerdictSource source() {
        return ask(READ).source();
    }

    private GatewayFailure failure(Inquiry inquiry) {
        return (GatewayFailure) validator.validate(inquiry).cause();
    }

    private void at(Duration time) {
        now = time;
    }

    private void atSecond(long second) {
        at(Duration.ofSeconds(second));
    }

    @Test
    void invariant1NeverRemembersAFailedLookUp() {
        // Given
        answer = Future.failedFuture(DOWN);
        GatewayFailure outage = failure(READ);
        answer = Future.succeededFuture(accepted(null));

        // When
        Answer afterwards = ask(READ);

        // Then
        assertThat(outage).isSameAs(DOWN);
        assertThat(afterwards).isEqualTo(new Answer(accepted(null), CALL));
        assertThat(memory.acceptances() + memory.refusals()).isEqualTo(1);
    }

    @Test
    void invariant1KeepsNoPlaceForAFailedLookUp() {
        // Given
        answer = Future.failedFuture(DOWN);

        // When
        failure(READ);

        // Then
        assertThat(memory.acceptances() + memory.refusals()).isZero();
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
    void invariant2FindsAVerdictByTheWholeKeyAndTheCallersAddress(String key, String clientIp) {
        // Given
        ask(READ);

        // When
        Answer other = ask(new Inquiry(ApiKey.parse(key).orElseThrow(), clientIp, true));

        // Then
        assertThat(other.source()).isEqualTo(CALL);
        assertThat(asked).containsExactly(KEY.reveal() + "@" + IP, key + "@" + clientIp);
        assertThat(source()).isEqualTo(CACHE);
    }

    @Test
    void invariant2LeavesTheAddressOutWhereTheAuthSourceIsNotToldIt() {
        // Given
        KeyHasher hasher = KeyHasher.create(false);

        // When
        KeyHash here = hasher.hash(READ);

        // Then
        assertThat(hasher.sibling().hash(new Inquiry(KEY, "10.0.0.8", false))).isEqualTo(here);
        assertThat(KeyHasher.create(false).hash(READ)).isNotEqualTo(here);
    }

    @Test
    void invariant3BelievesAnAcceptanceForTheConfiguredTimeAndNotLonger() {
        // Given
        ask(READ);
        answer = null;
        at(Duration.ofSeconds(60).minusNanos(1));
        VerdictSource justBefore = source();
        open.remove().fail(GatewayFailure.authContract("other"));
        answer = Future.succeededFuture(accepted(null));
        atSecond(60);

        // When
        VerdictSource atTheEnd = source();

        // Then
        assertThat(justBefore).isEqualTo(CACHE);
        assertThat(atTheEnd).isEqualTo(CALL);
    }

    @Test
    void invariant3CountsFromTheAskingOn() {
        // Given
        answer = null;
        Future<Answer> slow = validator.validate(READ);
        atSecond(4);
        open.remove().complete(new Answer(accepted(null), CALL));
        answer = Future.succeededFuture(accepted(null));
        atSecond(60);

        // When
        VerdictSource source = source();

        // Then
        assertThat(slow.result().source()).isEqualTo(CALL);
        assertThat(source).isEqualTo(CALL);
    }

    @ParameterizedTest
    @CsvSource({"7, 6, CACHE", "7, 7, CALL", "0, 0, CALL", "-3600, 0, CALL", "3600, 44, CACHE", "3600, 60, CALL"})
    void invariant3BelievesAnAcceptanceNeverBeyondTheKeysOwnExpiry(long expires, long asks, VerdictSource expected) {
        // Given
        answer = Future.succeededFuture(accepted(START.plusSeconds(expires)));
        ask(READ);
        atSecond(asks);

        // When
        VerdictSource source = source();

        // Then
        assertThat(source).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(Refusal.class)
    void invariant4BelievesARefusalForItsOwnShorterTime(Refusal refusal) {
        // Given
        answer = Future.succeededFuture(new Rejected(refusal));
        ask(READ);
        at(Duration.ofSeconds(10).minusNanos(1));
        VerdictSource justBefore = source();
        atSecond(10);

        // When
        VerdictSource atTheEnd = source();

        // Then
        assertThat(justBefore).isEqualTo(CACHE);
        assertThat(atTheEnd).isEqualTo(CALL);
    }

    @ParameterizedTest
    @CsvSource({"10", "0"})
    void invariant4ReplacesAnAcceptanceAtOnceByARefusal(long refusedSeconds) {
        // Given
        refusedTtl = Duration.ofSeconds(refusedSeconds);
        validator = remembering();
        ask(READ);
        answer = Future.succeededFuture(new Rejected(Refusal.REFUSED));
        atSecond(50);
        ask(READ);
        answer = Future.failedFuture(DOWN);

        // When
        Future<Answer> afterwards = validator.validate(READ);

        // Then
        String outcome = afterwards.succeeded()
                ? afterwards.result().verdict().outcome()
                : ((GatewayFailure) afterwards.cause()).reason().code();
        assertThat(outcome).isEqualTo(refusedSeconds == 0 ? "auth_unavailable" : "key_refused");
    }

    @Test
    void invariant5AsksForEveryRequestWhenTheTimeIsZero() {
        // Given
        ttl = Duration.ZERO;
        refusedTtl = Duration.ZERO;
        validator = remembering();
        ask(READ);
        ask(READ);
        answer = Future.succeededFuture(new Rejected(Refusal.REFUSED));
        ask(READ);

        // When
        VerdictSource source = source();

        // Then
        assertThat(source).isEqualTo(CALL);
        assertThat(asked).hasSize(4);
    }

    @Test
    void invariant6AsksOnceForTenThousandAndTellsEveryOne() {
        // Given
        answer = null;
        List<Future<Answer>> waiting = IntStream.range(0, 10_000)
                .mapToObj(i -> validator.validate(READ))
                .toList();

        // When
        open.remove().complete(new Answer(accepted(null), CALL));

        // Then
        assertThat(asked).hasSize(1);
        assertThat(waiting).allMatch(Future::succeeded);
        assertThat(waiting.stream().map(each -> each.result().source()).filter(CALL::equals))
                .hasSize(1);
        assertThat(waiting.stream().map(each -> each.result().source()).filter(SHARED::equals))
                .hasSize(9999);
    }

    @Test
    void invariant6TellsEveryOneOfAFailureAndAsksAnewAfterwards() {
        // Given
        answer = null;
        List<Future<Answer>> waiting = IntStream.range(0, 10_000)
                .mapToObj(i -> validator.validate(READ))
                .toList();

        // When
        open.remove().fail(DOWN);

        // Then
        assertThat(asked).hasSize(1);
        assertThat(waiting).allMatch(each -> each.cause() == DOWN);
        validator.validate(READ);
        assertThat(asked).hasSize(2);
    }

    @Test
    void invariant6LosesNobodyWhenTheAskingItselfThrows() {
        // Given
        answer = Future.succeededFuture(accepted(null)).map(verdict -> {
            throw new IllegalStateException("a fault of ours");
        });

        // When
        Throwable failure = validator.validate(READ).cause();

        // Then
        assertThat(failure).isInstanceOf(IllegalStateException.class).hasMessage("a fault of ours");
        answer = Future.succeededFuture(accepted(null));
        assertThat(source()).isEqualTo(CALL);
    }

    @ParameterizedTest
    @CsvSource({"44, 1", "45, 2", "59, 2"})
    void invariant7RenewsAnAcceptanceInUseInTheLastQuarterOfItsTime(long second, int calls) {
        // Given
        ask(READ);
        atSecond(second);
        answer = null;

        // When
        List<VerdictSource> sources = List.of(source(), source(), source());

        // Then
        assertThat(sources).containsOnly(CACHE);
        assertThat(asked).hasSize(calls);
    }

    @Test
    void invariant7BelievesTheRenewedAcceptanceFromItsOwnAskingOn() {
        // Given
        ask(READ);
        atSecond(50);
        ask(READ);
        atSecond(94);

        // When
        VerdictSource source = source();

        // Then
        assertThat(source).isEqualTo(CACHE);
        assertThat(asked).hasSize(2);
    }

    @Test
    void invariant7TriesAFailedRenewalAgainAfterASecondAndNotBefore() {
        // Given
        ask(READ);
        answer = Future.failedFuture(DOWN);
        atSecond(50);
        ask(READ);
        ask(READ);
        int before = asked.size();
        atSecond(51);

        // When
        ask(READ);

        // Then
        assertThat(before).isEqualTo(2);
        assertThat(asked).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource({
        "59, true, CACHE",
        "60, true, STALE",
        "119, true, STALE",
        "359, true, STALE",
        "360, true, auth_unavailable",
        "59, false, CACHE",
        "60, false, STALE",
        "119, false, STALE",
        "120, false, auth_unavailable"
    })
    void invariant8LetsAnAcceptanceServeOnWithinItsGrace(long second, boolean isRead, String expected) {
        // Given
        ask(READ);
        answer = Future.failedFuture(DOWN);
        atSecond(second);

        // When
        Future<Answer> found = validator.validate(isRead ? READ : WRITE);

        // Then
        assertThat(
                        found.succeeded()
                                ? found.result().source().name()
                                : ((GatewayFailure) found.cause()).reason().code())
                .isEqualTo(expected);
    }

    @Test
    void invariant8NeverLetsARefusalServeOn() {
        // Given
        answer = Future.succeededFuture(new Rejected(Refusal.REFUSED));
        ask(READ);
        answer = Future.failedFuture(DOWN);
        atSecond(11);

        // When
        GatewayFailure failure = failure(READ);

        // Then
        assertThat(failure).isSameAs(DOWN);
    }

    @Test
    void invariant8EndsWithTheKeysOwnExpiry() {
        // Given
        answer = Future.succeededFuture(accepted(START.plusSeconds(90)));
        ask(READ);
        answer = Future.failedFuture(DOWN);
        atSecond(89);
        VerdictSource before = source();
        atSecond(90);

        // When
        GatewayFailure failure = failure(READ);

        // Then
        assertThat(before).isEqualTo(STALE);
        assertThat(failure).isSameAs(DOWN);
    }

    @Test
    void invariant8IsNotMeantForAMisunderstanding() {
        // Given
        ask(READ);
        answer = Future.failedFuture(GatewayFailure.authContract("another form"));
        atSecond(61);

        // When
        GatewayFailure failure = failure(READ);

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_CONTRACT);
    }

    @Test
    void invariant9AsksBeforeItGivesAnOldAcceptance() {
        // Given
        ask(READ);
        atSecond(61);
        answer = null;
        Future<Answer> first = validator.validate(READ);
        boolean waited = !first.isComplete();

        // When
        open.remove().fail(DOWN);

        // Then
        assertThat(waited).isTrue();
        assertThat(first.result().source()).isEqualTo(STALE);
    }

    @Test
    void invariant9LetsNobodyWaitWhileTheLastTryFailedAMomentAgo() {
        // Given
        ask(READ);
        answer = Future.failedFuture(DOWN);
        atSecond(61);
        ask(READ);
        answer = null;
        atSecond(67);

        // When
        VerdictSource source = source();

        // Then
        assertThat(source).isEqualTo(STALE);
        assertThat(asked).hasSize(3);
    }

    @Test
    void invariant9AsksAgainWhenTheLastTryFailedLongAgo() {
        // Given
        ask(READ);
        answer = Future.failedFuture(DOWN);
        atSecond(61);
        ask(READ);
        answer = Future.succeededFuture(new Rejected(Refusal.REFUSED));
        atSecond(68);

        // When
        Answer afterwards = ask(READ);

        // Then
        assertThat(afterwards).isEqualTo(new Answer(new Rejected(Refusal.REFUSED), CALL));
    }

    @Test
    void invariant9ServesFreshAgainOnceTheAuthSourceAnswers() {
        // Given
        ask(READ);
        answer = Future.failedFuture(DOWN);
        atSecond(61);
        ask(READ);
        answer = Future.succeededFuture(accepted(null));
        atSecond(63);
        VerdictSource meanwhile = source();

        // When
        VerdictSource afterwards = source();

        // Then
        assertThat(meanwhile).isEqualTo(STALE);
        assertThat(afterwards).isEqualTo(CACHE);
    }

    @Test
    void invariant10TellsNobodyAfterARevocationWhatWasAskedForBefore() {
        // Given
        answer = null;
        Future<Answer> before = validator.validate(READ);
        memory.revoke("id");
        Future<Answer> after = validator.validate(READ);
        open.remove().complete(new Answer(accepted(null), CALL));
        boolean toldTooEarly = after.isComplete();

        // When
        open.remove().complete(new Answer(new Rejected(Refusal.REFUSED), CALL));

        // Then
        assertThat(toldTooEarly).isFalse();
        assertThat(asked).hasSize(2);
        assertThat(after.result().verdict()).isEqualTo(new Rejected(Refusal.REFUSED));
        assertThat(before.result().verdict()).isEqualTo(new Rejected(Refusal.REFUSED));
    }

    @Test
    void invariant10NeverLetsARevokedAcceptanceServeOn() {
        // Given
        ask(READ);
        answer = Future.failedFuture(DOWN);
        atSecond(61);
        VerdictSource before = source();

        // When
        memory.revoke("id");

        // Then
        assertThat(before).isEqualTo(STALE);
        assertThat(failure(READ)).isSameAs(DOWN);
    }

    @Test
    void invariant10AsksAnewAfterAPurge() {
        // Given
        ask(READ);

        // When
        memory.purge();

        // Then
        assertThat(source()).isEqualTo(CALL);
        assertThat(source()).isEqualTo(CACHE);
    }

    @Test
    void invariant11KeepsGoodKeysThroughAFloodOfBadOnes() {
        // Given
        ask(READ);
        answer = Future.succeededFuture(new Rejected(Refusal.REFUSED));

        // When
        for (int i = 0; i < 10_000; i++) {
            ask(new Inquiry(ApiKey.parse("bad-" + i).orElseThrow(), IP, true));
        }

        // Then
        assertThat(source()).isEqualTo(CACHE);
        assertThat(memory.refusals()).isLessThanOrEqualTo(1000);
    }

    @Test
    void invariant12TakesA429OfARenewalForAnOutage() {
        // Given
        ask(READ);
        answer = Future.failedFuture(GatewayFailure.authRateLimited(Duration.ofSeconds(9)));
        atSecond(61);

        // When
        VerdictSource source = source();

        // Then
        assertThat(source).isEqualTo(STALE);
    }

    @Test
    void invariant12PassesOnA429OfAFirstLookUp() {
        // Given
        answer = Future.failedFuture(GatewayFailure.authRateLimited(Duration.ofSeconds(9)));

        // When
        GatewayFailure failure = failure(READ);

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_RATE_LIMITED);
        assertThat(failure.retryAfter()).contains(Duration.ofSeconds(9));
    }

    @ParameterizedTest
    @CsvSource({"true, CALL", "false, auth_budget"})
    void invariant13KnowsAKeyThatWasAcceptedLatelyFromAnyAddressAndAfterAnyPurge(boolean wasAccepted, String expected) {
        // Given a budget of one look-up
        validator = remembering(new AuthConfig.UnknownKeys(1, 1, 1));
        answer = Future.succeededFuture(wasAccepted ? accepted(null) : new Rejected(Refusal.REFUSED));
        ask(READ);
        memory.purge();

        // When
        Future<Answer> elsewhere = validator.validate(new Inquiry(KEY, "2001:db8::1", true));

        // Then
        assertThat(
                        elsewhere.succeeded()
                                ? elsewhere.result().source().name()
                                : ((GatewayFailure) elsewhere.cause()).reason().code())
                .isEqualTo(expected);
    }
}

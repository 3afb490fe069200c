package ai.hokus.torii.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.torii.auth.LookUpGate.Pass;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.support.Await;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** One test, or table, for each invariant of the class, in its order; time is an injected clock. */
class LookUpGateTest {

    /** Nearly each is one: a single failure opens the breaker. */
    private static final int PROBES = 3000;

    private static final GatewayFailure DOWN = GatewayFailure.authUnavailable("down");

    private Duration now = Duration.ZERO;
    private LookUpGate gate = gate(200, 400, 64);

    private LookUpGate gate(int rate, int burst, int atOnce) {
        return new LookUpGate(
                new AuthConfig.Breaker(20, Duration.ofSeconds(10), 50, Duration.ofSeconds(2), Duration.ofSeconds(5)),
                new AuthConfig.UnknownKeys(rate, burst, atOnce),
                () -> now.toNanos());
    }

    private void call(GatewayFailure failure) {
        Pass pass = gate.enter(true);
        if (failure == null) {
            pass.succeeded();
        } else {
            pass.failed(failure, false);
        }
    }

    private void calls(int number, GatewayFailure failure) {
        for (int i = 0; i < number; i++) {
            call(failure);
        }
    }

    private Reason turnedAway(boolean isKnown) {
        return catchThrowableOfType(GatewayFailure.class, () -> gate.enter(isKnown))
                .reason();
    }

    private void open() {
        for (int i = 0; i < 20 && gate.state(true) == 0; i++) {
            call(DOWN);
        }
        assertThat(gate.state(true)).isEqualTo(2);
    }

    private int lettingIn(boolean isKnown, int most) {
        List<Pass> passes = new ArrayList<>();
        try {
            while (passes.size() < most) {
                passes.add(gate.enter(isKnown));
            }
        } catch (GatewayFailure full) {
            assertThat(full.retryAfter()).isPresent();
        }
        return passes.size();
    }

    @ParameterizedTest
    @CsvSource({"19, 0, 0", "20, 0, 2", "10, 10, 2", "9, 11, 0", "100, 101, 0", "200, 50, 2"})
    void invariant1OpensAtHalfOfAtLeastTwentyCalls(int failed, int good, int state) {
        // Given
        calls(good, null);

        // When
        for (int i = 0; i < failed && gate.state(true) == 0; i++) {
            call(DOWN);
        }

        // Then
        assertThat(gate.state(true)).isEqualTo(state);
    }

    @Test
    void invariant1CountsOnlyTheCallsOfTheWindow() {
        // Given
        calls(19, DOWN);
        now = Duration.ofSeconds(11);

        // When
        calls(19, DOWN);

        // Then
        assertThat(gate.state(true)).isZero();
    }

    @Test
    void invariant2LetsNobodyThroughWhileItIsOpen() {
        // Given
        open();
        now = Duration.ofMillis(1999);

        // When
        Reason known = turnedAway(true);

        // Then
        assertThat(known).isEqualTo(Reason.AUTH_UNAVAILABLE);
    }

    @Test
    void invariant2LetsOneCallProbeAfterItsTime() {
        // Given
        open();
        now = Duration.ofMillis(2001);

        // When
        int letIn = lettingIn(true, 10);

        // Then
        assertThat(letIn).isEqualTo(1);
        assertThat(gate.state(true)).isEqualTo(1);
    }

    @Test
    void saysThatTheSourceFailsForAMinuteBehindTheLastTry() {
        // Given
        boolean before = gate.failsForKnownKeys();
        open();

        // When
        boolean failing = gate.failsForKnownKeys();

        // Then
        assertThat(before).isFalse();
        assertThat(failing).isTrue();
        now = now.plusSeconds(59);
        assertThat(gate.failsForKnownKeys()).isTrue();
        call(DOWN);
        now = now.plusSeconds(59);
        assertThat(gate.failsForKnownKeys()).isTrue();
        now = now.plusSeconds(2);
        assertThat(gate.failsForKnownKeys()).isFalse();
        assertThat(gate.state(true)).isEqualTo(2);
    }

    @Test
    void invariant2OpensAgainWhenTheProbeFails() {
        // Given
        open();
        now = Duration.ofMillis(2001);

        // When
        call(DOWN);

        // Then
        assertThat(gate.state(true)).isEqualTo(2);
        now = Duration.ofMillis(4000);
        assertThat(turnedAway(true)).isEqualTo(Reason.AUTH_UNAVAILABLE);
        now = Duration.ofMillis(4002);
        assertThat(lettingIn(true, 10)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1000, 13", "2500, 33", "4999, 64", "5000, 1000", "60000, 1000"})
    void invariant3ComesBackSlowly(long millis, int atOnce) {
        // Given
        open();
        now = Duration.ofMillis(2001);
        call(null);
        assertThat(gate.state(true)).isZero();
        now = now.plusMillis(millis);

        // When
        int letIn = lettingIn(true, 1000);

        // Then
        assertThat(letIn).isEqualTo(atOnce);
    }

    @Test
    void invariant4GivesUnknownKeysTheirBurstAndThenTheirRate() {
        // Given
        for (int i = 0; i < 400; i++) {
            gate.enter(false).succeeded();
        }
        Reason beyond = turnedAway(false);
        now = Duration.ofMillis(100);

        // When
        int again = 0;
        while (again < 1000) {
            try {
                gate.enter(false).succeeded();
            } catch (GatewayFailure budget) {
                break;
            }
            again++;
        }

        // Then
        assertThat(beyond).isEqualTo(Reason.AUTH_BUDGET);
        assertThat(again).isEqualTo(20);
    }

    @Test
    void invariant4GivesUnknownKeysTheirNumberAtOnce() {
        // Given the shipped number

        // When
        int letIn = lettingIn(false, 1000);

        // Then
        assertThat(letIn).isEqualTo(64);
        assertThat(turnedAway(false)).isEqualTo(Reason.AUTH_BUDGET);
    }

    @Test
    void invariant4KeepsKnownKeysOutsideTheBudget() {
        // Given
        lettingIn(false, 1000);

        // When
        int letIn = lettingIn(true, 1000);

        // Then
        assertThat(letIn).isEqualTo(1000);
    }

    @Test
    void invariant4HasNoBudgetAtARateOfZero() {
        // Given
        gate = gate(0, 1, 1);

        // When
        int letIn = lettingIn(false, 1000);

        // Then
        assertThat(letIn).isEqualTo(1000);
    }

    @Test
    void invariant5CountsNothingForALookUpThatIsTurnedAway() {
        // Given
        gate = gate(1, 1, 1);
        Pass pass = gate.enter(false);
        for (int i = 0; i < 100; i++) {
            turnedAway(false);
        }
        pass.succeeded();
        now = Duration.ofSeconds(1);

        // When
        Pass next = gate.enter(false);

        // Then
        assertThat(next).isNotNull();
        assertThat(gate.state(true)).isZero();
    }

    @Test
    void invariant5GivesBackTheProbeThatTheBudgetTurnsAway() {
        // Given a budget that is spent
        gate = new LookUpGate(
                new AuthConfig.Breaker(20, Duration.ofSeconds(10), 50, Duration.ofMillis(100), Duration.ZERO),
                new AuthConfig.UnknownKeys(1, 20, 64),
                () -> now.toNanos());
        for (int i = 0; i < 20; i++) {
            gate.enter(false).failed(DOWN, false);
        }
        assertThat(gate.state(false)).isEqualTo(2);
        now = Duration.ofMillis(101);
        Reason budget = turnedAway(false);
        now = Duration.ofMillis(1101);

        // When
        int letIn = lettingIn(false, 10);

        // Then
        assertThat(budget).isEqualTo(Reason.AUTH_BUDGET);
        assertThat(letIn).isEqualTo(1);
    }

    @Test
    void invariant2GivesACallFromBeforeItOpenedNoSay() {
        // Given two calls that end late
        Pass lateFailure = gate.enter(true);
        Pass lateSuccess = gate.enter(true);
        open();
        now = Duration.ofMillis(2001);
        Pass probe = gate.enter(true);

        // When
        lateSuccess.succeeded();
        lateFailure.failed(DOWN, false);

        // Then
        assertThat(gate.state(true)).isEqualTo(1);
        probe.succeeded();
        assertThat(gate.state(true)).isZero();
    }

    @Test
    void invariant7AsksAboutKnownKeysWhateverUnknownOnesDo() {
        // Given keys that make the service fail
        gate = gate(0, 1, 1);
        for (int i = 0; i < 20; i++) {
            gate.enter(false).failed(DOWN, false);
        }
        assertThat(gate.state(false)).isEqualTo(2);
        assertThat(turnedAway(false)).isEqualTo(Reason.AUTH_UNAVAILABLE);

        // When
        int letIn = lettingIn(true, 100);

        // Then
        assertThat(letIn).isEqualTo(100);
        assertThat(gate.state(true)).isZero();
    }

    @Test
    void invariant6TakesAnAnswerForNoFailure() {
        // Given
        List<GatewayFailure> answers = List.of(
                GatewayFailure.authRateLimited(Duration.ofSeconds(1)), GatewayFailure.authContract("another form"));

        // When
        for (int i = 0; i < 100; i++) {
            call(answers.get(i % 2));
        }

        // Then
        assertThat(gate.state(true)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"auth_unavailable", "auth_timeout", "auth_answer_unreadable"})
    void invariant6TakesForAFailureWhatNobodyCouldTell(String reason) {
        // Given
        GatewayFailure failure = switch (reason) {
            case "auth_timeout" -> GatewayFailure.authTimeout("slow");
            case "auth_answer_unreadable" -> GatewayFailure.authAnswerUnreadable("html");
            default -> DOWN;
        };

        // When
        calls(20, failure);

        // Then
        assertThat(gate.state(true)).isEqualTo(2);
    }

    @Test
    void invariant7CountsOneFailureOfOneKnownKey() {
        // Given a key about which the service fails again and again
        gate.enter(true).failed(DOWN, false);

        // When
        for (int i = 0; i < 1000; i++) {
            gate.enter(true).failed(DOWN, true);
        }

        // Then
        assertThat(gate.state(true)).isZero();
        assertThat(lettingIn(true, 1000)).isEqualTo(1000);
    }

    /** A breaker that opens thousands of times says so thousands of times. */
    private static void hush(Level level) {
        ((Logger) LoggerFactory.getLogger(LookUpGate.class)).setLevel(level);
    }

    @Test
    void invariant2LosesNoProbeToTheThreadsThatCompeteForIt() throws Exception {
        // Given a breaker that opens again and again, and real time
        hush(Level.OFF);
        gate = new LookUpGate(
                new AuthConfig.Breaker(1, Duration.ofSeconds(10), 50, Duration.ofMillis(1), Duration.ZERO),
                new AuthConfig.UnknownKeys(0, 1, 64),
                Ticker.systemTicker());
        AtomicLong letIn = new AtomicLong();
        AtomicBoolean done = new AtomicBoolean();
        Runnable caller = () -> {
            while (!done.get()) {
                try {
                    Pass pass = gate.enter(true);
                    letIn.incrementAndGet();
                    if (ThreadLocalRandom.current().nextInt(10) < 8) {
                        pass.failed(DOWN, false);
                    } else {
                        pass.succeeded();
                    }
                } catch (GatewayFailure open) {
                    Thread.onSpinWait();
                }
            }
        };
        List<Thread> threads = List.of(new Thread(caller), new Thread(caller), new Thread(caller), new Thread(caller));
        threads.forEach(thread -> {
            thread.setDaemon(true);
            thread.start();
        });

        // When
        while (letIn.get() < PROBES) {
            long before = letIn.get();
            Await.until("somebody is let in again", () -> letIn.get() > before);
        }
        done.set(true);
        for (Thread thread : threads) {
            thread.join();
        }

        // Then
        Await.until("it closes for a good service", () -> {
            try {
                gate.enter(true).succeeded();
            } catch (GatewayFailure open) {
                Thread.onSpinWait();
            }
            return gate.state(true) == 0;
        });
        hush(null);
    }
}

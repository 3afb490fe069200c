package ai.hokus.torii.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.exchange.Blame;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FailingKeysTest {

    private final AtomicLong now = new AtomicLong(-7);
    private final FailingKeys keys = new FailingKeys(now::get);

    private void pass(long seconds) {
        now.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
    }

    @Test
    void countsAKeyOnceHoweverOftenItFails() {
        // When
        keys.met("key-1", Blame.UPSTREAM);
        keys.met("key-1", Blame.UPSTREAM);
        keys.met("key-2", Blame.UPSTREAM);

        // Then
        assertThat(keys.count(Blame.UPSTREAM)).isEqualTo(2);
    }

    @Test
    void countsEachSideForItself() {
        // When
        keys.met("key-1", Blame.UPSTREAM);
        keys.met("key-1", Blame.CALLER);
        keys.met(5L, Blame.CALLER);

        // Then
        assertThat(keys.count(Blame.UPSTREAM)).isEqualTo(1);
        assertThat(keys.count(Blame.CALLER)).isEqualTo(2);
        assertThat(keys.count(Blame.GATEWAY)).isZero();
    }

    @Test
    void forgetsAKeyFiveMinutesAfterItsLastFailure() {
        // Given
        keys.met("key-1", Blame.UPSTREAM);
        keys.met("key-2", Blame.UPSTREAM);
        pass(200);
        keys.met("key-1", Blame.UPSTREAM);

        // When
        pass(200);

        // Then
        assertThat(keys.count(Blame.UPSTREAM)).isEqualTo(1);
        pass(101);
        assertThat(keys.count(Blame.UPSTREAM)).isZero();
    }

    @Test
    void holdsTenThousandKeysAndSaysHowManyFailuresItLeftOut() {
        // Given
        for (long key = 0; key < 10_000; key++) {
            keys.met(key, Blame.CALLER);
        }

        // When
        keys.met("one more", Blame.CALLER);
        keys.met(1L, Blame.CALLER);

        // Then
        assertThat(keys.count(Blame.CALLER)).isEqualTo(10_000);
        assertThat(keys.leftOut(Blame.CALLER)).isEqualTo(1);
        assertThat(keys.leftOut(Blame.UPSTREAM)).isZero();
    }

    @Test
    void takesNewKeysAgainWhenTheTimeOfOldOnesIsOverAlthoughNobodyAsked() {
        // Given
        for (long key = 0; key < 10_000; key++) {
            keys.met(key, Blame.CALLER);
        }
        pass(301);

        // When
        keys.met("one more", Blame.CALLER);

        // Then
        assertThat(keys.leftOut(Blame.CALLER)).isZero();
        assertThat(keys.count(Blame.CALLER)).isEqualTo(1);
    }
}

package ai.hokus.torii.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ThrottleTest {

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
    private final Throttle throttle = new Throttle(nanos::get, Duration.ofNanos(10));

    @Test
    void letsOneThroughAndCountsTheRestUntilThePauseIsOver() {
        // Given
        long first = throttle.admit();
        long second = throttle.admit();
        nanos.addAndGet(9);
        long third = throttle.admit();

        // When
        nanos.addAndGet(1);
        long fourth = throttle.admit();

        // Then
        assertThat(first).isZero();
        assertThat(second).isEqualTo(-1);
        assertThat(third).isEqualTo(-1);
        assertThat(fourth).isEqualTo(2);
        assertThat(throttle.admit()).isEqualTo(-1);
    }
}

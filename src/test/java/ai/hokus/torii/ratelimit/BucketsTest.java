package ai.hokus.torii.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.ratelimit.Decisions.Store;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BucketsTest {

    private static final Quota TEN = new Quota(10, "x");

    private final AtomicLong nanos = new AtomicLong();
    private final Buckets buckets = new Buckets(nanos::get);

    private int granted(String keyId, Quota quota, int wanted) {
        int granted = 0;
        for (int i = 0; i < wanted; i++) {
            granted += buckets.take(keyId, quota, Store.LOCAL).isGranted() ? 1 : 0;
        }
        return granted;
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    @Test
    void grantsTheHourlyFigureAtOnceAndNoMore() {
        assertThat(granted("a", TEN, 15)).isEqualTo(10);
        assertThat(granted("b", TEN, 15)).isEqualTo(10);
    }

    @ParameterizedTest
    @CsvSource({"359, 0", "360, 1", "720, 2", "3599, 9", "3600, 10", "36000, 10"})
    void fillsUpAtTheHourlyRate(long seconds, int granted) {
        // Given
        granted("a", TEN, 15);

        // When
        pass(Duration.ofSeconds(seconds));

        // Then
        assertThat(granted("a", TEN, 15)).isEqualTo(granted);
    }

    @Test
    void saysWhatIsLeft() {
        // Given
        granted("a", TEN, 10);
        pass(Duration.ofSeconds(90));

        // When
        Taken refused = buckets.take("a", TEN, Store.DEGRADED);

        // Then
        assertThat(refused).isEqualTo(new Taken(false, 0.25, Store.DEGRADED));
        assertThat(buckets.take("b", TEN, Store.LOCAL)).isEqualTo(new Taken(true, 9, Store.LOCAL));
    }

    @Test
    void keepsWhatWasUsedWhenTheLimitChanges() {
        // Given
        granted("a", TEN, 8);

        // Then
        assertThat(granted("a", new Quota(1000, "x"), 15)).isEqualTo(2);
        assertThat(granted("b", new Quota(1000, "x"), 15)).isEqualTo(15);
        assertThat(granted("b", TEN, 15)).isEqualTo(10);
    }

    @Test
    void goesOnFromWhereSomebodyElseStood() {
        // Given
        buckets.follow("a", 3.5);

        // Then
        assertThat(granted("a", TEN, 15)).isEqualTo(3);
    }

    @Test
    void grantsNoMoreToManyThreadsAtOnce() {
        // Given
        Quota quota = new Quota(5000, "x");

        // When
        int granted = IntStream.range(0, 8)
                .parallel()
                .map(thread -> granted("a", quota, 1000))
                .sum();

        // Then
        assertThat(granted).isEqualTo(5000);
    }

    @Test
    void isNotFilledByAClockThatIsReadInAnotherOrder() {
        // Given
        pass(Duration.ofHours(1));
        granted("a", TEN, 15);

        // When
        nanos.addAndGet(-Duration.ofMinutes(10).toNanos());

        // Then
        assertThat(granted("a", TEN, 15)).isZero();
        pass(Duration.ofMinutes(10));
        assertThat(granted("a", TEN, 15)).isZero();
    }
}

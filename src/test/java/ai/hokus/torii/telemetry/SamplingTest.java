package ai.hokus.torii.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplingTest {

    private final AtomicLong now = new AtomicLong();
    private final Sampling sampling = new Sampling(now::get);

    private long admitted(int asked, String reason) {
        return IntStream.range(0, asked).filter(i -> sampling.admits(reason)).count();
    }

    @Test
    void letsSoManyThroughInASecondAndCountsTheOthersByTheirReason() {
        // Given
        sampling.perSecond(10);

        // When
        long first = admitted(100, "key_refused");
        long none = admitted(7, "route_unknown");

        // Then
        assertThat(first).isEqualTo(10);
        assertThat(none).isZero();
        assertThat(sampling.take()).isEqualTo(new Sampling.LeftOut(97, "key_refused:90,route_unknown:7"));
        assertThat(sampling.take()).isNull();
        assertThat(sampling.leftOutEver()).isEqualTo(97);
    }

    @Test
    void letsAsManyThroughInTheNextSecond() {
        // Given
        sampling.perSecond(10);
        admitted(100, "key_refused");

        // When
        now.addAndGet(TimeUnit.SECONDS.toNanos(1));

        // Then
        assertThat(admitted(100, "key_refused")).isEqualTo(10);
    }

    @Test
    void letsEverythingThroughWithoutALimit() {
        assertThat(admitted(100_000, "key_refused")).isEqualTo(100_000);
        sampling.perSecond(1);
        admitted(2, "key_refused");
        sampling.perSecond(0);
        assertThat(admitted(100_000, "key_refused")).isEqualTo(100_000);
    }
}

package ai.hokus.torii.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RefusedCallersTest {

    private static final String ADDRESS = "203.0.113.7";
    private static final int PER_MINUTE = 60;

    private final AtomicLong nanos = new AtomicLong();
    private final RefusedCallers callers = new RefusedCallers(nanos::get);

    private void refuse(String address, int times) {
        for (int i = 0; i < times; i++) {
            callers.charge(address, PER_MINUTE);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "203.0.113.7, 203.0.113.7",
        "2001:db8:1:2:3:4:5:6, 20010db800010002::",
        "2001:db8:1:2::, 20010db800010002::",
        "2001:db8:1:2:ffff:ffff:ffff:ffff%eth0, 20010db800010002::",
        "::ffff:203.0.113.7, 203.0.113.7",
        "127.0.0.1, ",
        "127.9.8.7, ",
        "::1, ",
        "0:0:0:0:0:0:0:1, ",
        "::ffff:127.0.0.1, ",
        "::2, 0::",
        "no:address, "
    })
    void countsAnAddressOrAnIpv6NetworkAsOneAndLoopbackNever(String address, String origin) {
        assertThat(RefusedCallers.origin(address)).isEqualTo(Optional.ofNullable(origin));
    }

    @Test
    void pausesAnAddressThatHasUsedItsMinute() {
        // Given
        refuse(ADDRESS, PER_MINUTE - 1);
        assertThat(callers.pause(ADDRESS, PER_MINUTE)).isZero();
        assertThat(callers.charge(ADDRESS, PER_MINUTE)).isTrue();
        assertThat(callers.charge(ADDRESS, PER_MINUTE)).isFalse();
        nanos.addAndGet(Duration.ofSeconds(2).toNanos());

        // When
        refuse(ADDRESS, 1);

        // Then
        assertThat(callers.pause(ADDRESS, PER_MINUTE)).isEqualTo(1);
        assertThat(callers.pause("203.0.113.8", PER_MINUTE)).isZero();
        nanos.addAndGet(Duration.ofSeconds(1).toNanos());
        assertThat(callers.pause(ADDRESS, PER_MINUTE)).isZero();
    }

    @Test
    void makesAnAddressPayForWhatWasOnItsWayAtOnceButNotForEver() {
        // Given
        refuse(ADDRESS, 1000);

        // Then
        assertThat(callers.pause(ADDRESS, PER_MINUTE)).isEqualTo(61);
        nanos.addAndGet(Duration.ofSeconds(61).toNanos());
        assertThat(callers.pause(ADDRESS, PER_MINUTE)).isZero();
    }

    @Test
    void holdsABoundedNumberOfAddresses() {
        // When
        for (int i = 0; i < 200_000; i++) {
            callers.charge("10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255), PER_MINUTE);
        }

        // Then
        assertThat(callers.size()).isLessThanOrEqualTo(50_000);
    }

    @Test
    void neverPausesLoopback() {
        // Given
        refuse("127.0.0.1", 1000);
        refuse("::1", 1000);

        // Then
        assertThat(callers.charge("127.0.0.1", PER_MINUTE)).isFalse();
        assertThat(callers.size()).isZero();
        assertThat(callers.pause("127.0.0.1", PER_MINUTE)).isZero();
    }
}

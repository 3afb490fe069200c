package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.ConnectionCaps.Cap;
import ai.hokus.torii.ConnectionCaps.Place;
import ai.hokus.torii.config.AddressRange;
import ai.hokus.torii.config.ListenerConfig;
import ai.hokus.torii.telemetry.Throttle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may stay when listener.max-connections or listener.max-connections-per-address is reached. */
class ConnectionCapsTest {

    private static final String PEER = "192.0.2.1";

    private final List<String> refused = new CopyOnWriteArrayList<>();
    private final ConnectionCaps caps =
            new ConnectionCaps(refused::add, new Throttle(System::nanoTime, Duration.ofHours(1)));

    private static ListenerConfig config(int total, int perAddress) {
        Duration any = Duration.ofSeconds(1);
        return new ListenerConfig(
                "127.0.0.1",
                0,
                1,
                any,
                any,
                8192,
                8192,
                Optional.empty(),
                Optional.empty(),
                new ListenerConfig.Caps(total, perAddress),
                List.of(AddressRange.parse("10.0.0.0/8").orElseThrow()));
    }

    private boolean isIn(String peer, ListenerConfig config) {
        return caps.enter(peer, config).refusedBy().isEmpty();
    }

    @Test
    void countsThoseThatAreInAndNoOthers() {
        // Given
        ListenerConfig config = config(2, 2);
        Place first = caps.enter(PEER, config);
        caps.enter(PEER, config);

        // When
        Place third = caps.enter(PEER, config);
        first.leave();
        first.leave();
        third.leave();

        // Then
        assertThat(third.refusedBy()).contains(Cap.TOTAL);
        assertThat(caps.open()).isEqualTo(1);
        assertThat(refused).containsExactly("all");
        assertThat(isIn(PEER, config)).isTrue();
        assertThat(isIn(PEER, config)).isFalse();
    }

    @Test
    void holdsBothCapsExactlyWhileManyComeAndGoAtOnce() throws Exception {
        // Given
        int threads = 8;
        ListenerConfig config = config(20, 5);
        AtomicInteger inFromPeer = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        Callable<Void> comingAndGoing = () -> {
            for (int i = 0; i < 20_000; i++) {
                Place place = caps.enter(PEER, config);
                if (place.refusedBy().isEmpty()) {
                    most.accumulateAndGet(inFromPeer.incrementAndGet(), Math::max);
                    inFromPeer.decrementAndGet();
                }
                place.leave();
            }
            return null;
        };

        // When
        List<Future<Void>> done = pool.invokeAll(
                IntStream.range(0, threads).mapToObj(i -> comingAndGoing).toList());
        for (Future<Void> one : done) {
            one.get();
        }
        pool.shutdown();

        // Then
        assertThat(most.get()).isBetween(1, 5);
        assertThat(caps.open()).isZero();
        assertThat(IntStream.range(0, 6).filter(i -> isIn(PEER, config)).count())
                .isEqualTo(5);
    }

    @Test
    void capsAnAddressWithoutTouchingTheOthers() {
        // Given
        ListenerConfig config = config(100, 2);
        isIn(PEER, config);
        isIn(PEER, config);

        // When
        Place third = caps.enter(PEER, config);

        // Then
        assertThat(third.refusedBy()).contains(Cap.ADDRESS);
        assertThat(refused).containsExactly("address");
        assertThat(isIn("192.0.2.2", config)).isTrue();
        assertThat(caps.open()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1", "10.1.2.3"})
    void asksLoopbackAndTrustedProxiesForNoCapOfTheirOwn(String peer) {
        // Given
        ListenerConfig config = config(100, 1);

        // Then
        assertThat(isIn(peer, config)).isTrue();
        assertThat(isIn(peer, config)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "2001:db8:0:1::5, 2001:db8:0:1:ffff::6, false",
        "fe80::1%eth0, fe80::2%eth0, false",
        "2001:db8:0:1::5, 2001:db8:0:2::5, true"
    })
    void takesANetworkOfIpv6ForOneAddress(String first, String second, boolean isIn) {
        // Given
        ListenerConfig config = config(100, 1);
        isIn(first, config);

        // Then
        assertThat(isIn(second, config)).isEqualTo(isIn);
    }

    @Test
    void letsOnlyAFewOfTheRefusedStayToBeTold() {
        // Given
        ListenerConfig config = config(1, 1);
        isIn(PEER, config);
        List<Place> told = new ArrayList<>();
        IntStream.range(0, ConnectionCaps.MAX_TOLD).forEach(i -> told.add(caps.enter(PEER, config)));

        // When
        Place next = caps.enter(PEER, config);

        // Then
        assertThat(told).allMatch(Place::mayStay);
        assertThat(next.mayStay()).isFalse();
        told.get(0).leave();
        assertThat(caps.enter(PEER, config).mayStay()).isTrue();
    }

    @Test
    void followsAnotherConfigurationAtOnce() {
        // Given
        isIn(PEER, config(1, 1));
        assertThat(isIn(PEER, config(1, 1))).isFalse();

        // Then
        assertThat(isIn(PEER, config(2, 2))).isTrue();
    }
}

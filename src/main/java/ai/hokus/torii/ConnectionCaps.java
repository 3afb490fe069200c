package ai.hokus.torii;

import ai.hokus.torii.config.AddressRange;
import ai.hokus.torii.config.ListenerConfig;
import ai.hokus.torii.telemetry.Throttle;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides whether one more connection may stay; one for all event loops of a process.
 *
 * <ol>
 *   <li>Never more than {@code listener.max-connections} are in, nor more from one address than the cap of an address,
 *       however many come at once.
 *   <li>A place is given back once, whatever ends the connection.
 *   <li>Loopback and trusted proxies have no cap of their own: behind them are many callers.
 *   <li>A few of the refused may stay to be told why; all others are closed unheard.
 * </ol>
 */
final class ConnectionCaps {

    private static final Logger LOG = LoggerFactory.getLogger(ConnectionCaps.class);

    /** Enough for an operator's curl, too few to matter. */
    static final int MAX_TOLD = 64;

    private static final int NETWORK_BYTES = 8;

    /** Every cap by its tag. */
    static final List<String> TAGS =
            Arrays.stream(Cap.values()).map(cap -> cap.tag).toList();

    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger told = new AtomicInteger();
    private final Map<List<Byte>, Integer> byAddress = new ConcurrentHashMap<>();
    private final Consumer<String> refused;
    private final Throttle log;

    /** Which cap was reached. */
    enum Cap {
        TOTAL("all", "listener.max-connections"),
        ADDRESS("address", "listener.max-connections-per-address");

        private final String tag;
        private final String setting;

        Cap(String tag, String setting) {
            this.tag = tag;
            this.setting = setting;
        }

        /** The key of its setting. */
        String setting() {
            return setting;
        }
    }

    /** What became of a connection; belongs to its event loop. */
    final class Place {

        private final Cap refusedBy;
        private final AtomicInteger taken;
        private final List<Byte> address;
        private boolean isLeft;

        private Place(Cap refusedBy, AtomicInteger taken, List<Byte> address) {
            this.refusedBy = refusedBy;
            this.taken = taken;
            this.address = address;
        }

        /** The cap that keeps it from being served; empty: it is in. */
        Optional<Cap> refusedBy() {
            return Optional.ofNullable(refusedBy);
        }

        /** Whether it may stay, be it only to be told why it is not served. */
        boolean mayStay() {
            return taken != null;
        }

        /** The connection is closed. */
        void leave() {
            if (!isLeft && taken != null) {
                isLeft = true;
                taken.decrementAndGet();
                release(address);
            }
        }
    }

    /** Tells each refusal to a counter by the cap, and some to the log. */
    ConnectionCaps(Consumer<String> refused, Throttle log) {
        this.refused = refused;
        this.log = log;
    }

    /** How many are in. */
    int open() {
        return open.get();
    }

    /** Takes a place for a connection from this address, as far as the caps allow. */
    Place enter(String peer, ListenerConfig config) {
        if (!take(open, config.caps().total())) {
            return refuse(Cap.TOTAL, peer);
        }
        // A link-local address of IPv6 carries the name of an interface (RFC 4007 §11).
        int zone = peer.indexOf('%');
        Optional<byte[]> bytes = AddressRange.address(zone < 0 ? peer : peer.substring(0, zone));
        if (bytes.isEmpty() || isExempt(bytes.get(), config.trustedProxies())) {
            return new Place(null, open, null);
        }
        List<Byte> address = network(bytes.get());
        int cap = config.caps().perAddress();
        int[] before = new int[1];
        byAddress.compute(address, (a, count) -> {
            before[0] = count == null ? 0 : count;
            return before[0] < cap ? Integer.valueOf(before[0] + 1) : count;
        });
        if (before[0] >= cap) {
            open.decrementAndGet();
            return refuse(Cap.ADDRESS, peer);
        }
        return new Place(null, open, address);
    }

    private static boolean take(AtomicInteger count, int most) {
        return count.getAndUpdate(n -> n < most ? n + 1 : n) < most;
    }

    private void release(List<Byte> address) {
        if (address != null) {
            byAddress.computeIfPresent(address, (a, count) -> count == 1 ? null : Integer.valueOf(count - 1));
        }
    }

    private Place refuse(Cap cap, String peer) {
        refused.accept(cap.tag);
        long leftOut = log.admit();
        if (leftOut >= 0) {
            LOG.warn(
                    "a connection from {} was refused, {} is reached; {} more since the last such line",
                    peer,
                    cap.setting,
                    leftOut);
        }
        return new Place(cap, take(told, MAX_TOLD) ? told : null, null);
    }

    private static boolean isExempt(byte[] address, List<AddressRange> trusted) {
        boolean isLoopback = address.length == 4
                ? address[0] == 127
                : address[15] == 1 && Arrays.equals(address, 0, 15, new byte[15], 0, 15);
        return isLoopback || trusted.stream().anyMatch(range -> range.contains(address));
    }

    /** An IPv6 caller has a whole /64 of addresses (RFC 6177). */
    private static List<Byte> network(byte[] address) {
        Byte[] network = new Byte[Math.min(address.length, NETWORK_BYTES)];
        Arrays.setAll(network, i -> address[i]);
        return List.of(network);
    }
}

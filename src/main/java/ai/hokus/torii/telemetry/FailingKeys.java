package ai.hokus.torii.telemetry;

import ai.hokus.torii.exchange.Blame;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.identity.Principal;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * How many keys met a failure lately, and whose side that was on. Holds names of keys, or keyed hashes of those that
 * nobody knows, and never a key. Safe for all event loops; asked on failures alone.
 */
public final class FailingKeys {

    /** How long a key counts after its last failure. */
    public static final Duration WINDOW = Duration.ofMinutes(5);

    /** Most keys that are told apart on one side. */
    static final int MAX_KEYS = 10_000;

    private final LongSupplier nanoTime;
    private final Map<Blame, Side> sides = new EnumMap<>(Blame.class);

    /** The keys of one side; its lock is held for a look into a table only. */
    private static final class Side {

        private final Map<Object, Long> lastNanos = new LinkedHashMap<>();
        private final LongAdder leftOut = new LongAdder();

        synchronized void met(Object key, long now) {
            // The one that failed last is the last, so that those whose time is over stand in front.
            boolean isNew = lastNanos.remove(key) == null;
            if (isNew && lastNanos.size() >= MAX_KEYS) {
                forgetOld(now);
            }
            if (isNew && lastNanos.size() >= MAX_KEYS) {
                leftOut.increment();
                return;
            }
            lastNanos.put(key, now);
        }

        synchronized int count(long now) {
            forgetOld(now);
            return lastNanos.size();
        }

        private void forgetOld(long now) {
            Iterator<Long> oldest = lastNanos.values().iterator();
            while (oldest.hasNext() && now - oldest.next() > WINDOW.toNanos()) {
                oldest.remove();
            }
        }
    }

    /** None yet; time by this clock, in nanoseconds of {@link System#nanoTime}. */
    public FailingKeys(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        for (Blame blame : Blame.values()) {
            sides.put(blame, new Side());
        }
    }

    /** An exchange has failed by this side; without effect when its key was never looked at. */
    void failed(Exchange exchange, Blame blame) {
        exchange.principal().<Object>map(Principal::keyId).or(exchange::keyMark).ifPresent(key -> met(key, blame));
    }

    void met(Object key, Blame blame) {
        sides.get(blame).met(key, nanoTime.getAsLong());
    }

    /** How many there are now. */
    int count(Blame blame) {
        return sides.get(blame).count(nanoTime.getAsLong());
    }

    /** How many failures were not looked at because there were too many keys. */
    long leftOut(Blame blame) {
        return sides.get(blame).leftOut.sum();
    }
}

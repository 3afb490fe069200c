package ai.hokus.torii.ratelimit;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which event loops count for themselves because Redis is away; says so once, not once a loop. Safe for all loops. */
final class Outages {

    private static final Logger LOG = LoggerFactory.getLogger("torii.ratelimit");

    private final AtomicInteger away = new AtomicInteger();
    private final AtomicInteger told = new AtomicInteger();
    private final LongAdder total = new LongAdder();

    /** An event loop has no Redis: not yet, or no more. */
    void away() {
        away.incrementAndGet();
    }

    /** It has lost it, or does not get it; {@code why} is for the log. */
    void lost(String why) {
        total.increment();
        if (told.compareAndSet(0, 1)) {
            LOG.warn(
                    "Redis does not count the requests of keys: {}; this replica counts for itself until it does", why);
        }
    }

    /** It has it. */
    void back() {
        if (away.decrementAndGet() == 0 && told.compareAndSet(1, 0)) {
            LOG.info("Redis counts the requests of keys again");
        }
    }

    /** An event loop that had none has ended. */
    void gone() {
        if (away.decrementAndGet() == 0) {
            // Whoever comes next begins anew, and may say it anew.
            told.set(0);
        }
    }

    int now() {
        return away.get();
    }

    long total() {
        return total.sum();
    }
}

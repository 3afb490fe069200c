package ai.hokus.torii.ratelimit;

import com.github.benmanes.caffeine.cache.Ticker;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What is counted in a process: how much every key and every address has left, which transfers are under way, what was
 * decided. It knows no settings, which are told with each question, so that it outlives a change of them. Safe for
 * concurrent use; one for a process.
 */
public final class Limits {

    private final Buckets buckets;
    private final Transfers transfers = new Transfers();
    private final RefusedCallers refused;
    private final Decisions decisions = new Decisions();
    private final Outages outages = new Outages();
    private final LimitLog log;

    /** Nothing counted yet; time by this ticker. */
    public Limits(Ticker ticker) {
        this.buckets = new Buckets(ticker);
        this.refused = new RefusedCallers(ticker);
        this.log = new LimitLog(ticker);
    }

    /** Takes a number that only grows, with tags in pairs. */
    public interface Counters {
        void add(String name, String description, LongSupplier value, String... tags);
    }

    /** Takes a number as it is at the moment. */
    public interface Gauges {
        void add(String name, String description, Supplier<Number> value);
    }

    /** Hands over its numbers. */
    public void register(Counters counters, Gauges gauges) {
        decisions.register(counters);
        counters.add(
                "torii.ratelimit.store.outages",
                "How often an event loop lost Redis and counted for itself from then on",
                outages::total);
        gauges.add(
                "torii.ratelimit.store.degraded",
                "Event loops that count for themselves because Redis does not answer",
                outages::now);
        gauges.add("torii.ratelimit.transfers", "Transfers under way of keys with a limit", transfers::underWay);
        gauges.add("torii.ratelimit.addresses", "Addresses from which callers were refused lately", refused::size);
    }

    Buckets buckets() {
        return buckets;
    }

    Transfers transfers() {
        return transfers;
    }

    RefusedCallers refused() {
        return refused;
    }

    Decisions decisions() {
        return decisions;
    }

    Outages outages() {
        return outages;
    }

    LimitLog log() {
        return log;
    }
}

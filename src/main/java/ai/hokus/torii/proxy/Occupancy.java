package ai.hokus.torii.proxy;

import java.util.concurrent.atomic.LongAdder;

/**
 * How busy the way to MLflow is, over all pools that are given it; safe for concurrent use.
 *
 * @param open connections that are open
 * @param waiting requests that wait for a connection, be it for one that is being opened
 */
public record Occupancy(LongAdder open, LongAdder waiting) {

    /** Nothing yet. */
    public Occupancy() {
        this(new LongAdder(), new LongAdder());
    }
}

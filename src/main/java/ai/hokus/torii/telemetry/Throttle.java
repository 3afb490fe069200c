package ai.hokus.torii.telemetry;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** Lets one event through, then none for a while, and counts those left out. Safe for all event loops. */
public final class Throttle {

    private final LongSupplier nanoTime;
    private final long pauseNanos;
    private final AtomicLong next;
    private final AtomicLong leftOut = new AtomicLong();

    /** Times by this clock. */
    public Throttle(LongSupplier nanoTime, Duration pause) {
        this.nanoTime = nanoTime;
        this.pauseNanos = pause.toNanos();
        this.next = new AtomicLong(nanoTime.getAsLong());
    }

    /** How many were left out before this one; -1 when this one is left out too. */
    public long admit() {
        long now = nanoTime.getAsLong();
        long from = next.get();
        if (now - from < 0 || !next.compareAndSet(from, now + pauseNanos)) {
            leftOut.incrementAndGet();
            return -1;
        }
        return leftOut.getAndSet(0);
    }
}

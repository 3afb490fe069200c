package ai.hokus.torii.telemetry;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * Lets so many lines of a log through in a second and counts the others, each by its reason, which is one of a small fixed
 * set. Safe for all event loops, none of which waits for another.
 */
final class Sampling {

    private final LongSupplier nanoTime;
    private final AtomicLong second = new AtomicLong(Long.MIN_VALUE);
    private final AtomicInteger admitted = new AtomicInteger();
    private final Map<String, LongAdder> leftOut = new ConcurrentHashMap<>();
    private final AtomicLong leftOutEver = new AtomicLong();
    private volatile int perSecond;

    /** Times by this clock; lets everything through until it is told how much. */
    Sampling(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Lets so many through from now on; 0: all. */
    void perSecond(int lines) {
        perSecond = lines;
    }

    /** Whether one more is written. */
    boolean admits(String reason) {
        int limit = perSecond;
        if (limit == 0) {
            return true;
        }
        long now = nanoTime.getAsLong() / TimeUnit.SECONDS.toNanos(1);
        long seen = second.get();
        if (now != seen && second.compareAndSet(seen, now)) {
            admitted.set(0);
        }
        // Looked at first, so that a flood cannot make it turn over.
        if (admitted.get() < limit && admitted.incrementAndGet() <= limit) {
            return true;
        }
        leftOut.computeIfAbsent(reason, r -> new LongAdder()).increment();
        return false;
    }

    /** How many were left out, all in all, as far as {@link #take} was asked. */
    long leftOutEver() {
        return leftOutEver.get();
    }

    /** What was left out since it was last asked; null: nothing. */
    LeftOut take() {
        Map<String, Long> counts = new TreeMap<>();
        leftOut.forEach((reason, count) -> counts.put(reason, count.sumThenReset()));
        counts.values().removeAll(Collections.singleton(0L));
        long total = counts.values().stream().mapToLong(Long::longValue).sum();
        leftOutEver.addAndGet(total);
        List<String> reasons = new ArrayList<>();
        counts.forEach((reason, count) -> reasons.add(reason + ":" + count));
        return total == 0 ? null : new LeftOut(total, String.join(",", reasons));
    }

    /** A line in place of those that are not written. */
    record LeftOut(long lines, String reasons) implements LogLine {

        @Override
        public String message() {
            return "lines left out";
        }

        @Override
        public boolean isPrecious() {
            return true;
        }

        @Override
        public void writeTo(Fields to) {
            to.number("left_out", lines).word("reasons", reasons);
        }

        /** Its text. */
        @Override
        public String toString() {
            return TextFields.of(this);
        }
    }
}

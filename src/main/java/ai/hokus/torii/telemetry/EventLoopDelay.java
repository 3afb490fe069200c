package ai.hokus.torii.telemetry;

import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How late event loops come to what is due: what every request waits for, be it for a busy processor, a pause of the
 * collector or something that blocks. Each loop looks at the clock ten times a second; safe for all of them.
 */
public final class EventLoopDelay {

    /** How often a loop looks. */
    static final Duration TICK = Duration.ofMillis(100);

    private static final int SLOTS = 4;
    private static final long SLOT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final LongSupplier nanoTime;
    private final long startNanos;
    private final Map<Object, Long> lastTicks = new ConcurrentHashMap<>();
    private final long[] worst = new long[SLOTS];
    private long slot;

    /** Nothing seen yet; time by this clock, in nanoseconds of {@link System#nanoTime}. */
    public EventLoopDelay(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.startNanos = nanoTime.getAsLong();
    }

    /** Watches the event loop this is called on, until the result is run there. */
    public Runnable watch(Vertx vertx) {
        Object loop = track();
        long timer = vertx.setPeriodic(TICK.toMillis(), id -> ticked(loop));
        return () -> {
            vertx.cancelTimer(timer);
            lastTicks.remove(loop);
        };
    }

    /** Begins with a loop. */
    Object track() {
        Object loop = new Object();
        lastTicks.put(loop, nanoTime.getAsLong());
        return loop;
    }

    /** A loop has come to it. */
    void ticked(Object loop) {
        long now = nanoTime.getAsLong();
        Long before = lastTicks.replace(loop, now);
        if (before != null) {
            late(now, now - before - TICK.toNanos());
        }
    }

    private synchronized void late(long now, long nanos) {
        turn(now);
        int index = (int) (slot % SLOTS);
        worst[index] = Math.max(worst[index], nanos);
    }

    private void turn(long now) {
        long current = (now - startNanos) / SLOT_NANOS;
        for (long passed = Math.max(slot + 1, current - SLOTS + 1); passed <= current; passed++) {
            worst[(int) (passed % SLOTS)] = 0;
        }
        slot = Math.max(slot, current);
    }

    /** The worst of the last 30 to 40 seconds, in seconds; a loop that has not come back yet counts as late as it is. */
    double seconds() {
        long now = nanoTime.getAsLong();
        long late = lastTicks.values().stream()
                .mapToLong(last -> now - last - TICK.toNanos())
                .max()
                .orElse(0);
        return Math.max(late, worst(now)) / (double) TimeUnit.SECONDS.toNanos(1);
    }

    private synchronized long worst(long now) {
        turn(now);
        long most = 0;
        for (long nanos : worst) {
            most = Math.max(most, nanos);
        }
        return most;
    }
}

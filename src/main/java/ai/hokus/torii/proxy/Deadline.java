package ai.hokus.torii.proxy;

import io.vertx.core.Vertx;
import java.time.Duration;

/**
 * One timer that can be pushed back for free: a touch only notes the time, and the timer, when it fires too early, sets
 * itself anew. Used on one event loop.
 */
final class Deadline {

    private static final long NONE = -1;

    private final Vertx vertx;
    private long timer = NONE;
    private long limitNanos;
    private long lastTouch;
    private Runnable expired;

    Deadline(Vertx vertx) {
        this.vertx = vertx;
    }

    /** Starts over: without a touch for this long, the action runs once. */
    void start(Duration limit, Runnable action) {
        cancel();
        limitNanos = limit.toNanos();
        expired = action;
        touch();
        arm(limitNanos);
    }

    /** Pushes the end back to a full limit from now. */
    void touch() {
        lastTouch = System.nanoTime();
    }

    void cancel() {
        if (timer != NONE) {
            vertx.cancelTimer(timer);
            timer = NONE;
        }
    }

    private void arm(long nanos) {
        timer = vertx.setTimer(Math.max(1, (nanos + 999_999) / 1_000_000), id -> {
            timer = NONE;
            long rest = lastTouch + limitNanos - System.nanoTime();
            if (rest > 0) {
                arm(rest);
            } else {
                expired.run();
            }
        });
    }
}

package ai.hokus.torii.proxy;

import java.time.Duration;

/**
 * The end of one wait. It can be pushed back for free: a touch only notes the time. Used on the event loop of its
 * {@link Deadlines}.
 */
final class Deadline {

    private final Deadlines deadlines;
    private long limitNanos;
    private long lastTouch;
    private long due;
    private Runnable expired;

    /** Its neighbours in the line of {@link Deadlines}; null while it is in none. */
    Deadline previous;

    Deadline next;

    /** Not started. */
    Deadline(Deadlines deadlines) {
        this.deadlines = deadlines;
    }

    /** Starts over: without a touch for this long, the action runs once. */
    void start(Duration limit, Runnable action) {
        unlink();
        limitNanos = limit.toNanos();
        expired = action;
        touch();
        postpone();
        deadlines.enter(limit, this);
    }

    /** Pushes the end back to a full limit from now. */
    void touch() {
        lastTouch = System.nanoTime();
    }

    void cancel() {
        unlink();
        expired = null;
    }

    /** When it is due by {@link System#nanoTime()}, what was touched since {@link #postpone} left aside. */
    long due() {
        return due;
    }

    boolean isTouched() {
        return due != lastTouch + limitNanos;
    }

    /** Takes the touches into account. */
    void postpone() {
        due = lastTouch + limitNanos;
    }

    void run() {
        expired.run();
    }

    void linkBehind(Deadline before) {
        previous = before;
        next = before.next;
        next.previous = this;
        before.next = this;
    }

    void unlink() {
        if (next != null) {
            previous.next = next;
            next.previous = previous;
            previous = null;
            next = null;
        }
    }
}

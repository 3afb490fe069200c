package ai.hokus.torii.support;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * How slow one end of a connection is. It holds the thread of a test's own server or caller, never the test: a reader
 * that is slow on purpose is what the other end has to bear. One per transfer and thread.
 */
public final class Pace {

    private final double nanosPerByte;
    private final long startNanos = System.nanoTime();

    private Pace(double nanosPerByte) {
        this.nanosPerByte = nanosPerByte;
    }

    /** Starts now, at this many bytes per second. */
    public static Pace of(long bytesPerSecond) {
        return new Pace((double) TimeUnit.SECONDS.toNanos(1) / bytesPerSecond);
    }

    /** As fast as the other end can. */
    public static Pace unlimited() {
        return new Pace(0);
    }

    /** Holds the calling thread until this many bytes are due. */
    public void keep(long bytes) {
        holdUntil(startNanos + (long) (bytes * nanosPerByte));
    }

    /** Holds the calling thread for this long. */
    public static void hold(long time, TimeUnit unit) {
        holdUntil(System.nanoTime() + unit.toNanos(time));
    }

    private static void holdUntil(long dueNanos) {
        for (long left = dueNanos - System.nanoTime(); left > 0; left = dueNanos - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}

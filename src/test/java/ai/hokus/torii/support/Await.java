package ai.hokus.torii.support;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for what no callback tells. */
public final class Await {

    private Await() {}

    /** Returns when it is so; fails after ten seconds. */
    public static void until(String what, BooleanSupplier condition) {
        until(what, Duration.ofSeconds(10), condition);
    }

    /** Returns when it is so; fails after this time. */
    public static void until(String what, Duration limit, BooleanSupplier condition) {
        long end = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within " + limit.toSeconds() + " seconds: " + what);
            }
            Thread.onSpinWait();
        }
    }
}

package ai.hokus.torii.support;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waits for what no callback tells. */
public final class Await {

    private Await() {}

    /** Returns when it is so; fails after ten seconds. */
    public static void until(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within ten seconds: " + what);
            }
            Thread.onSpinWait();
        }
    }
}

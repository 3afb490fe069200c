package ai.hokus.torii.support;

import java.time.Duration;

/** Waits for what no callback tells. */
public final class Await {

    private Await() {}

    /** What is waited for. */
    public interface Condition {
        boolean isMet() throws Exception;
    }

    private static boolean isMet(String what, Condition condition) {
        try {
            return condition.isMet();
        } catch (Exception e) {
            throw new AssertionError("while waiting for: " + what, e);
        }
    }

    /** Returns when it is so; fails after ten seconds. */
    public static void until(String what, Condition condition) {
        until(what, Duration.ofSeconds(10), condition);
    }

    /** Returns when it is so; fails after this time. */
    public static void until(String what, Duration limit, Condition condition) {
        long end = System.nanoTime() + limit.toNanos();
        while (!isMet(what, condition)) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within " + limit.toSeconds() + " seconds: " + what);
            }
            Thread.onSpinWait();
        }
    }
}

package ai.hokus.torii.bench;

/** Counts events, and those of the busiest second; used by one thread at a time. */
final class PerSecond {

    private static final long SECOND = 1_000_000_000;

    private final long start = System.nanoTime();
    private long total;
    private long second;
    private long inSecond;
    private long peak;

    void count() {
        long now = (System.nanoTime() - start) / SECOND;
        if (now != second) {
            second = now;
            inSecond = 0;
        }
        total++;
        inSecond++;
        peak = Math.max(peak, inSecond);
    }

    long total() {
        return total;
    }

    long peak() {
        return peak;
    }

    double seconds() {
        return (System.nanoTime() - start) / (double) SECOND;
    }
}

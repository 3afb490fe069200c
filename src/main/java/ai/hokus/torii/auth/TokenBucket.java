package ai.hokus.torii.auth;

import com.github.benmanes.caffeine.cache.Ticker;

/** So many a second in the long run, and a burst after a quiet time. Safe for concurrent use. */
final class TokenBucket {

    private static final double NANOS = 1e9;

    private final double perNano;
    private final double burst;
    private final Ticker ticker;
    private double tokens;
    private long lastNanos;

    /** Full. */
    TokenBucket(int perSecond, int burst, Ticker ticker) {
        this.perNano = perSecond / NANOS;
        this.burst = burst;
        this.ticker = ticker;
        this.tokens = burst;
        this.lastNanos = ticker.read();
    }

    /** Takes one; false when there is none. */
    synchronized boolean take() {
        long now = ticker.read();
        // Two threads may read the ticker in another order than they come here.
        tokens = Math.min(burst, tokens + Math.max(0, now - lastNanos) * perNano);
        lastNanos = Math.max(lastNanos, now);
        if (tokens < 1) {
            return false;
        }
        tokens--;
        return true;
    }
}

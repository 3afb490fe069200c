package ai.hokus.torii.exchange;

/**
 * So many a second in the long run, and a burst after a quiet time. Rate and burst are told with each call, so that a
 * changed setting applies to a bucket that is in use. Safe for concurrent use.
 *
 * <p>Times are nanoseconds of one clock that does not go back; two threads may read it in another order than they come
 * here.
 */
public final class TokenBucket {

    private static final double NANOS = 1e9;

    private double tokens;
    private long lastNanos;

    /** Holds so many tokens at this moment. */
    public TokenBucket(double tokens, long nowNanos) {
        this.tokens = tokens;
        this.lastNanos = nowNanos;
    }

    /**
     * Takes one, if there is one.
     *
     * @return what is left, 0 or more; below 0 when none was there: by how much it fell short of one
     */
    public synchronized double take(double perSecond, double burst, long nowNanos) {
        refill(perSecond, burst, nowNanos);
        if (tokens < 1) {
            return tokens - 1;
        }
        return --tokens;
    }

    /** Takes one whether or not there is one; a debt grows to one burst and no more. */
    public synchronized void charge(double perSecond, double burst, long nowNanos) {
        refill(perSecond, burst, nowNanos);
        tokens = Math.max(-burst, tokens - 1);
    }

    /** What is there, below 0 in debt. */
    public synchronized double left(double perSecond, double burst, long nowNanos) {
        refill(perSecond, burst, nowNanos);
        return tokens;
    }

    /** Holds so many from now on. */
    public synchronized void set(double now, long nowNanos) {
        tokens = now;
        lastNanos = Math.max(lastNanos, nowNanos);
    }

    private void refill(double perSecond, double burst, long nowNanos) {
        tokens = Math.min(burst, tokens + Math.max(0, nowNanos - lastNanos) / NANOS * perSecond);
        lastNanos = Math.max(lastNanos, nowNanos);
    }
}

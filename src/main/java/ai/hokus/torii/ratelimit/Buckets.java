package ai.hokus.torii.ratelimit;

import ai.hokus.torii.exchange.TokenBucket;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Duration;

/**
 * The buckets of keys in this process: bounded, and one that was not used for an hour is full and need not be held. Safe
 * for concurrent use.
 */
final class Buckets {

    private static final long MOST = 100_000;
    private static final Duration UNTIL_FULL = Duration.ofHours(1);

    private final Ticker ticker;
    private final Cache<String, TokenBucket> buckets;

    Buckets(Ticker ticker) {
        this.ticker = ticker;
        this.buckets = Caffeine.newBuilder()
                .maximumSize(MOST)
                .ticker(ticker)
                .executor(Runnable::run)
                .expireAfterAccess(UNTIL_FULL)
                .build();
    }

    /** Takes one request of this key. */
    Taken take(String keyId, Quota quota, Decisions.Store store) {
        double left = bucket(keyId, quota.perHour()).take(quota.perSecond(), quota.perHour(), ticker.read());
        return left < 0 ? new Taken(false, left + 1, store) : new Taken(true, left, store);
    }

    /** Holds what somebody else has counted, to go on from there. */
    void follow(String keyId, double left) {
        bucket(keyId, left).set(left, ticker.read());
    }

    private TokenBucket bucket(String keyId, double atFirst) {
        TokenBucket bucket = buckets.getIfPresent(keyId);
        return bucket != null ? bucket : buckets.get(keyId, id -> new TokenBucket(atFirst, ticker.read()));
    }
}

package ai.hokus.torii.ratelimit;

import ai.hokus.torii.config.RateLimitConfig;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.redis.client.RedisOptions;
import io.vertx.redis.client.Response;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * Counts the requests of a key for all replicas together, in Redis.
 *
 * <ol>
 *   <li>What is granted was taken out of the bucket in Redis before, so that the replicas together never grant more than
 *       it gives.
 *   <li>Of a large limit a thousandth is taken at once, shared out among the event loops, so that few requests wait for
 *       Redis. What an event loop has taken stays the key's; no more than that thousandth a replica lies idle.
 *   <li>Requests of one key that come while Redis is asked for it wait for that answer, and the next question is for all
 *       of them.
 *   <li>Without Redis, this replica's own bucket counts at once, from where Redis stood.
 * </ol>
 *
 * <p>Used on one event loop; its user closes it.
 */
final class RedisStore implements LimitStore {

    private static final int PARTS = 1000;
    private static final int MOST_AT_ONCE = 100;
    private static final double THOUSANDTHS = 1000;
    private static final long MOST_KEYS = 100_000;
    private static final Duration UNUSED = Duration.ofHours(1);
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9._:@-]{1,100}");

    private final RedisLink link;
    private final Buckets buckets;
    private final int loops;
    private final Cache<String, Lease> leases = Caffeine.newBuilder()
            .maximumSize(MOST_KEYS)
            .expireAfterAccess(UNUSED)
            .executor(Runnable::run)
            .build();

    RedisStore(RedisLink link, Buckets buckets, int loops) {
        this.link = link;
        this.buckets = buckets;
        this.loops = loops;
    }

    /** Connects, now or when Redis comes. */
    static RedisStore open(Vertx vertx, Limits limits, RateLimitConfig.SharedStore config, int loops) {
        RedisOptions options =
                new RedisOptions().setConnectionString(config.address().reveal());
        options.getNetClientOptions().setHostnameVerificationAlgorithm("HTTPS");
        RedisLink link = new RedisLink(vertx, options, config.timeout().toMillis(), limits.outages());
        link.connect();
        return new RedisStore(link, limits.buckets(), loops);
    }

    /** What this event loop has taken of a key's bucket and not given to a request yet, and who waits for more. */
    private static final class Lease {

        private final String key;
        private final Deque<Waiter> waiters = new ArrayDeque<>();
        private long held;
        private double leftInRedis;
        private boolean isAsking;

        Lease(String key) {
            this.key = key;
        }

        Taken take() {
            held--;
            return new Taken(true, leftInRedis + held, Decisions.Store.REDIS);
        }
    }

    private record Waiter(Promise<Taken> taken, long sinceNanos) {}

    @Override
    public Future<Taken> take(String keyId, Quota quota) {
        Lease lease = leases.get(keyId, id -> new Lease(bucket(id)));
        if (lease.held > 0 && lease.waiters.isEmpty()) {
            return Future.succeededFuture(lease.take());
        }
        if (!link.isUp()) {
            return Future.succeededFuture(instead(keyId, quota));
        }
        Promise<Taken> taken = Promise.promise();
        lease.waiters.add(new Waiter(taken, System.nanoTime()));
        if (!lease.isAsking) {
            ask(lease, keyId, quota);
        }
        return taken.future();
    }

    private Taken instead(String keyId, Quota quota) {
        return buckets.take(keyId, quota, Decisions.Store.DEGRADED);
    }

    private void ask(Lease lease, String keyId, Quota quota) {
        lease.isAsking = true;
        int wanted = Math.max(atOnce(quota), lease.waiters.size());
        link.take(lease.key, quota.perHour(), wanted, lease.waiters.peek().sinceNanos())
                .onComplete(
                        answer -> {
                            lease.isAsking = false;
                            answered(lease, keyId, quota, answer, wanted);
                        },
                        cause -> {
                            lease.isAsking = false;
                            while (!lease.waiters.isEmpty()) {
                                lease.waiters.poll().taken().complete(instead(keyId, quota));
                            }
                        });
    }

    private void answered(Lease lease, String keyId, Quota quota, Response answer, int wanted) {
        long granted = answer.get(0).toLong();
        lease.held += granted;
        lease.leftInRedis = answer.get(1).toLong() / THOUSANDTHS;
        buckets.follow(keyId, lease.leftInRedis);
        while (!lease.waiters.isEmpty() && (lease.held > 0 || granted < wanted)) {
            Taken taken = lease.held > 0
                    ? lease.take()
                    : new Taken(false, Math.min(lease.leftInRedis, Math.nextDown(1.0)), Decisions.Store.REDIS);
            lease.waiters.poll().taken().complete(taken);
        }
        if (!lease.waiters.isEmpty() && !lease.isAsking) {
            ask(lease, keyId, quota);
        }
    }

    /** How many are taken out of the bucket at once. */
    private int atOnce(Quota quota) {
        return (int) Math.max(1, Math.min(MOST_AT_ONCE, quota.perHour() / PARTS / loops));
    }

    /** The key's name in braces, by which all that Redis Cluster may ever hold about it lies in one place. */
    static String bucket(String keyId) {
        return "torii:ratelimit:{" + (PLAIN.matcher(keyId).matches() ? keyId : digest(keyId)) + "}";
    }

    private static String digest(String keyId) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(keyId.getBytes(StandardCharsets.UTF_8));
            return "sha256:" + HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public void close() {
        link.close();
    }
}

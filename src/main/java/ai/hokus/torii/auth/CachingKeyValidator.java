package ai.hokus.torii.auth;

import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.identity.ApiKey;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import io.vertx.core.Future;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Function;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Remembers the verdicts of another validator for a while.
 *
 * <ol>
 *   <li>Only a {@link Verdict} is remembered; a failed look-up never is.
 *   <li>No key is held: entries are found by a keyed hash of the whole key and the caller's address.
 *   <li>An acceptance is believed for the configured time, but never beyond the key's own expiry.
 *   <li>A refusal is believed for its own, shorter time.
 *   <li>A zero time remembers nothing.
 * </ol>
 */
public final class CachingKeyValidator implements KeyValidator {

    private static final String ALGORITHM = "HmacSHA256";

    private final KeyValidator delegate;
    private final Memory memory;

    /** Puts the memory before the delegate; one memory serves the validators of all event loops. */
    public CachingKeyValidator(KeyValidator delegate, Memory memory) {
        this.delegate = delegate;
        this.memory = memory;
    }

    @Override
    public Future<Answer> validate(ApiKey key, String clientIp) {
        ByteBuffer hash = memory.hash(key, clientIp);
        Verdict known = memory.verdicts.getIfPresent(hash);
        if (known != null) {
            return Future.succeededFuture(new Answer(known, true));
        }
        return delegate.validate(key, clientIp).onSuccess(answer -> memory.verdicts.put(hash, answer.verdict()));
    }

    /** The verdicts themselves: bounded, shared by all event loops, safe for concurrent use. */
    public static final class Memory {

        private final Cache<ByteBuffer, Verdict> verdicts;
        private final SecretKeySpec hashKey;

        /** Empty, with times by this ticker and key expiries by this clock. */
        public Memory(AuthConfig.Cache config, Ticker ticker, Clock clock) {
            byte[] secret = new byte[32];
            new SecureRandom().nextBytes(secret);
            this.hashKey = new SecretKeySpec(secret, ALGORITHM);
            this.verdicts = Caffeine.newBuilder()
                    .maximumSize(config.maxEntries())
                    .ticker(ticker)
                    .executor(Runnable::run)
                    .expireAfter(expiry(config, clock))
                    .build();
        }

        private static Expiry<ByteBuffer, Verdict> expiry(AuthConfig.Cache config, Clock clock) {
            Function<Verdict, Duration> life = verdict -> verdict instanceof Accepted accepted
                    ? accepted.principal()
                            .expiresAt()
                            .map(end -> Duration.between(clock.instant(), end))
                            .filter(rest -> rest.compareTo(config.ttl()) < 0)
                            .map(rest -> rest.isNegative() ? Duration.ZERO : rest)
                            .orElse(config.ttl())
                    : config.refusedTtl();
            return Expiry.writing((hash, verdict) -> life.apply(verdict));
        }

        /** How many verdicts are held. */
        public long size() {
            return verdicts.estimatedSize();
        }

        private ByteBuffer hash(ApiKey key, String clientIp) {
            try {
                Mac mac = Mac.getInstance(ALGORITHM);
                mac.init(hashKey);
                mac.update(key.bytes());
                mac.update((byte) 0);
                return ByteBuffer.wrap(mac.doFinal(clientIp.getBytes(StandardCharsets.UTF_8)));
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("every JDK has " + ALGORITHM, e);
            }
        }
    }
}

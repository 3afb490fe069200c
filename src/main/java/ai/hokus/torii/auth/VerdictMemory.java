package ai.hokus.torii.auth;

import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.exchange.VerdictSource;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The verdicts a process remembers: bounded, shared by all event loops, safe for concurrent use.
 *
 * <p>Acceptances and refusals have a place each, so that no number of bad keys pushes out a good one. Revocations are
 * notes of when, not searches: whatever was asked for before the note is not believed, be it remembered, on its way or
 * already old. "Before" is an order of events, not a reading of a clock.
 */
public final class VerdictMemory {

    private static final long MAX_REVOCATIONS = 100_000;
    private static final Duration VOUCHED = Duration.ofMinutes(10);
    private static final Duration FAILED_LATELY = Duration.ofSeconds(10);
    private static final double REFRESH_AT = 0.75;
    private static final long RETRY_NANOS = Duration.ofSeconds(1).toNanos();

    private final AuthConfig.Cache config;
    private final long failureNanos;
    private final Ticker ticker;
    private final Clock clock;
    private final Cache<KeyHash, Entry> accepted;
    private final Cache<KeyHash, Entry> refused;
    private final Cache<String, Long> revocations;
    private final Cache<KeyHash, Boolean> vouchedFor;
    private final Cache<KeyHash, Boolean> failedLately;
    private final AtomicLong order = new AtomicLong();
    private volatile long purged = -1;

    /**
     * When a verdict was asked for.
     *
     * @param order its place among all asks and revocations
     * @param nanos the ticker's time
     */
    record Ask(long order, long nanos) {}

    /** A verdict, when it was asked for, and when its renewal last failed. */
    static final class Entry {

        private final Verdict verdict;
        private final Ask ask;
        private volatile boolean failed;
        private volatile long failedNanos;

        private Entry(Verdict verdict, Ask ask) {
            this.verdict = verdict;
            this.ask = ask;
        }

        Verdict verdict() {
            return verdict;
        }

        private boolean isAcceptance() {
            return verdict instanceof Accepted;
        }
    }

    /**
     * Empty.
     *
     * @param config how long and how many
     * @param failureLife how long a failed renewal proves that the auth service cannot answer
     * @param ticker times by this
     * @param clock the keys' own expiries by this
     */
    public VerdictMemory(AuthConfig.Cache config, Duration failureLife, Ticker ticker, Clock clock) {
        this.config = config;
        this.failureNanos = failureLife.toNanos();
        this.ticker = ticker;
        this.clock = clock;
        this.accepted = cache(config.maxEntries());
        this.refused = cache(config.maxRefusedEntries());
        this.vouchedFor = Caffeine.newBuilder()
                .maximumSize(config.maxEntries())
                .ticker(ticker)
                .executor(Runnable::run)
                .expireAfterWrite(config.ttl().plus(longestGrace()).plus(VOUCHED))
                .build();
        this.failedLately = Caffeine.newBuilder()
                .maximumSize(config.maxEntries())
                .ticker(ticker)
                .executor(Runnable::run)
                .expireAfterWrite(FAILED_LATELY)
                .build();
        this.revocations = Caffeine.newBuilder()
                .ticker(ticker)
                .executor(Runnable::run)
                .expireAfterWrite(config.ttl()
                        .plus(longestGrace())
                        .plus(config.refusedTtl())
                        .plus(failureLife))
                .build();
    }

    /**
     * Notes whether the key, from whatever address, was accepted when it was last asked about. It outlives revocations
     * and purges, because it lets nobody in: it only tells a key that was good once from one that nobody knows.
     */
    void vouch(KeyHash keyAlone, Verdict verdict) {
        if (verdict instanceof Accepted) {
            vouchedFor.put(keyAlone, true);
        } else {
            vouchedFor.invalidate(keyAlone);
        }
    }

    /** Whether the key was accepted when it was last asked about, not too long ago. */
    boolean isVouchedFor(KeyHash keyAlone) {
        return vouchedFor.getIfPresent(keyAlone) != null;
    }

    /** Notes that a look-up of this known key failed, and tells whether one did so a moment ago already. */
    boolean isRepeatedFailure(KeyHash keyAlone) {
        return failedLately.asMap().put(keyAlone, true) != null;
    }

    private Cache<KeyHash, Entry> cache(long maxEntries) {
        return Caffeine.newBuilder()
                .maximumSize(maxEntries)
                .ticker(ticker)
                .executor(Runnable::run)
                .expireAfter(Expiry.<KeyHash, Entry>writing((hash, entry) -> lifeLeft(entry)))
                .build();
    }

    private Duration longestGrace() {
        return config.staleReads().compareTo(config.staleWrites()) > 0 ? config.staleReads() : config.staleWrites();
    }

    private Duration lifeLeft(Entry entry) {
        Duration life = entry.isAcceptance() ? config.ttl().plus(longestGrace()) : config.refusedTtl();
        Duration left = life.minusNanos(ticker.read() - entry.ask.nanos());
        return left.isNegative() ? Duration.ZERO : left;
    }

    /** Notes that somebody is about to be asked. */
    Ask ask() {
        return new Ask(order.incrementAndGet(), ticker.read());
    }

    /** What is remembered, fresh or not; null when there is nothing, or nothing that may be believed any more. */
    Entry find(KeyHash hash) {
        Entry entry = accepted.getIfPresent(hash);
        if (entry == null) {
            entry = refused.getIfPresent(hash);
        }
        return entry == null || isRevoked(entry) || hasKeyExpired(entry) ? null : entry;
    }

    /**
     * Remembers a verdict.
     *
     * @return whether it may be told: false when it was asked for before a revocation that concerns it
     */
    boolean remember(KeyHash hash, Verdict verdict, Ask ask) {
        Entry entry = new Entry(verdict, ask);
        if (isRevoked(entry)) {
            return false;
        }
        Cache<KeyHash, Entry> home = entry.isAcceptance() ? accepted : refused;
        (entry.isAcceptance() ? refused : accepted).invalidate(hash);
        if (lifeLeft(entry).isZero() || hasKeyExpired(entry)) {
            home.invalidate(hash);
        } else {
            home.put(hash, entry);
        }
        return true;
    }

    /** Notes that nobody could tell when this verdict should have been renewed. */
    void renewalFailed(KeyHash hash) {
        Entry entry = find(hash);
        if (entry != null) {
            entry.failedNanos = ticker.read();
            entry.failed = true;
        }
    }

    private long age(Entry entry) {
        return ticker.read() - entry.ask.nanos();
    }

    /** Whether it is believed without asking. */
    boolean isFresh(Entry entry) {
        Duration ttl = entry.isAcceptance() ? config.ttl() : config.refusedTtl();
        return age(entry) < ttl.toNanos();
    }

    /** Whether it should be renewed while it still serves. */
    boolean isDueForRenewal(Entry entry) {
        boolean old = age(entry) >= config.ttl().toNanos() * REFRESH_AT;
        boolean paused = entry.failed && ticker.read() - entry.failedNanos < RETRY_NANOS;
        return entry.isAcceptance() && old && !paused;
    }

    /** Whether its renewal failed a moment ago, so that asking again would only make a caller wait. */
    boolean hasJustFailed(Entry entry) {
        return entry.failed && ticker.read() - entry.failedNanos < failureNanos;
    }

    /** Whether it may serve while nobody can tell: an acceptance within its grace. */
    boolean maySpeakForAnOutage(Entry entry, boolean isRead) {
        Duration grace = isRead ? config.staleReads() : config.staleWrites();
        return entry.isAcceptance()
                && !grace.isZero()
                && age(entry) < config.ttl().plus(grace).toNanos();
    }

    /** Believes no acceptance of this key that was asked for until now. */
    public void revoke(String keyId) {
        revocations.asMap().merge(keyId, order.incrementAndGet(), Math::max);
        if (revocations.estimatedSize() > MAX_REVOCATIONS) {
            purge();
            revocations.invalidateAll();
        }
    }

    /** Believes nothing that was asked for until now. */
    public synchronized void purge() {
        purged = order.incrementAndGet();
        accepted.invalidateAll();
        refused.invalidateAll();
    }

    private boolean isRevoked(Entry entry) {
        if (entry.ask.order() <= purged) {
            return true;
        }
        if (!(entry.verdict instanceof Accepted acceptance)) {
            return false;
        }
        Long revoked = revocations.getIfPresent(acceptance.principal().keyId());
        return revoked != null && entry.ask.order() <= revoked;
    }

    private boolean hasKeyExpired(Entry entry) {
        return entry.verdict instanceof Accepted acceptance
                && acceptance
                        .principal()
                        .expiresAt()
                        .filter(end -> !clock.instant().isBefore(end))
                        .isPresent();
    }

    /**
     * What is remembered about the key of this name: an acceptance that is believed without asking, or one that would
     * serve while nobody can tell. Looks at all that is held, so it is for operators alone. Safe on any thread.
     */
    public Optional<KeyValidator.Answer> known(String keyId) {
        return accepted.asMap().values().stream()
                .filter(entry -> entry.verdict instanceof Accepted acceptance
                        && acceptance.principal().keyId().equals(keyId))
                .filter(entry -> !isRevoked(entry) && !hasKeyExpired(entry))
                .map(entry -> new KeyValidator.Answer(
                        entry.verdict, isFresh(entry) ? VerdictSource.CACHE : VerdictSource.STALE))
                .min(Comparator.comparing(KeyValidator.Answer::source));
    }

    /** How many acceptances are held. */
    public long acceptances() {
        return accepted.estimatedSize();
    }

    /** How many refusals are held. */
    public long refusals() {
        return refused.estimatedSize();
    }
}

package ai.hokus.torii.ratelimit;

import ai.hokus.torii.config.RateLimitConfig;
import ai.hokus.torii.config.RateLimitConfig.Mode;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.identity.Principal;
import ai.hokus.torii.ratelimit.Decisions.Kind;
import ai.hokus.torii.ratelimit.Decisions.Outcome;
import ai.hokus.torii.ratelimit.Decisions.Store;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Lets an exchange go on whose key, and whose address, have not asked too often; used on one event loop.
 *
 * <ol>
 *   <li>A key without a limit costs nothing.
 *   <li>A transfer is counted until its exchange ends, however it ends.
 *   <li>An address pays for refused callers alone; when it has nothing left, keys that are known to be good still pass,
 *       and nobody is asked about others.
 *   <li>A rehearsal decides, counts and tells as the real thing does, and refuses nobody.
 * </ol>
 */
public final class LimitStage {

    private static final Set<Reason> REFUSED =
            EnumSet.of(Reason.KEY_MISSING, Reason.KEY_REFUSED, Reason.KEY_MALFORMED, Reason.CREDENTIALS_CONFLICT);

    private final Limits limits;
    private final RateLimitConfig config;
    private final Quota.Finder quotas;
    private final LimitStore store;
    private final boolean guardsAddresses;

    LimitStage(Limits limits, RateLimitConfig config, LimitStore store) {
        this.limits = limits;
        this.config = config;
        this.quotas = new Quota.Finder(config);
        this.store = store;
        this.guardsAddresses = config.mode() != Mode.OFF && config.refusedPerMinute() > 0;
    }

    /**
     * For the event loop this is called on; its user closes it.
     *
     * @param loops how many event loops of this process share a key's limit
     */
    public static LimitStage open(Vertx vertx, Limits limits, RateLimitConfig config, int loops) {
        LimitStore store = config.mode() == Mode.OFF || config.redis().isEmpty()
                ? LimitStore.local(limits.buckets())
                : RedisStore.open(vertx, limits, config.redis().get(), loops);
        return new LimitStage(limits, config, store);
    }

    /**
     * Turns away, before anybody is asked, a caller from an address that was refused too often.
     *
     * @param isKnownGood whether the exchange carries a key that was accepted lately; asked only where it matters
     * @throws GatewayFailure rate_limited
     */
    public void admitAddress(Exchange exchange, Predicate<Exchange> isKnownGood) {
        if (!guardsAddresses) {
            return;
        }
        long pause = limits.refused().pause(exchange.clientIp(), config.refusedPerMinute());
        if (pause > 0 && !isKnownGood.test(exchange)) {
            decided(Kind.ADDRESS, false, Store.LOCAL, exchange.clientIp(), config.refusedPerMinute());
            if (enforces()) {
                throw GatewayFailure.addressLimited(config.refusedPerMinute(), pause);
            }
        }
    }

    /** Hears how an exchange failed: its address pays when the caller had no good key. */
    public void failed(Exchange exchange, Throwable cause) {
        if (guardsAddresses
                && cause instanceof GatewayFailure failure
                && REFUSED.contains(failure.reason())
                && limits.refused().charge(exchange.clientIp(), config.refusedPerMinute())) {
            limits.decisions().count(Kind.ADDRESS, Outcome.ALLOWED, Store.LOCAL);
        }
    }

    /**
     * Succeeds when the key may ask once more; fails with rate_limited.
     *
     * @throws GatewayFailure rate_limited
     */
    public Future<Void> apply(Exchange exchange) {
        if (config.mode() == Mode.OFF) {
            return Future.succeededFuture();
        }
        Principal principal = exchange.principal().orElseThrow();
        if (config.transfersPerKey() > 0 && exchange.operation().isArtifactTransfer()) {
            enter(exchange, name(principal));
        }
        Quota quota = quotas.of(principal);
        if (quota == null) {
            return Future.succeededFuture();
        }
        String name = name(principal);
        Future<Taken> taken = store.take(name, quota);
        if (taken.succeeded()) {
            decide(exchange, name, quota, taken.result());
            return Future.succeededFuture();
        }
        long start = System.nanoTime();
        return taken.map(late -> {
            exchange.limitNanos(System.nanoTime() - start);
            decide(exchange, name, quota, late);
            return null;
        });
    }

    private void enter(Exchange exchange, String name) {
        boolean entered = limits.transfers().enter(name, config.transfersPerKey());
        decided(Kind.TRANSFERS, entered, Store.LOCAL, name, config.transfersPerKey());
        if (entered) {
            exchange.holding(() -> limits.transfers().leave(name));
        } else if (enforces()) {
            throw GatewayFailure.tooManyTransfers(config.transfersPerKey());
        }
    }

    private void decide(Exchange exchange, String name, Quota quota, Taken taken) {
        decided(Kind.KEY, taken.isGranted(), taken.store(), name, quota.perHour());
        if (exchange.isEnded()) {
            return;
        }
        LimitFields.write(exchange.response(), quota, taken.left());
        if (!taken.isGranted() && enforces()) {
            long pause = Math.max(1, LimitFields.secondsUntil(1, quota, taken.left()));
            throw GatewayFailure.rateLimited(quota.perHour(), quota.setBy(), pause);
        }
    }

    private void decided(Kind kind, boolean isGranted, Store by, String who, long limit) {
        Outcome outcome = isGranted ? Outcome.ALLOWED : enforces() ? Outcome.LIMITED : Outcome.WOULD_LIMIT;
        limits.decisions().count(kind, outcome, by);
        if (!isGranted) {
            limits.log().tell(kind, !enforces(), who, limit);
        }
    }

    private boolean enforces() {
        return config.mode() == Mode.ENFORCE;
    }

    /** The keys of an auth source that names none share what their owner has; of one that names nobody, all share. */
    private static String name(Principal principal) {
        return principal.keyId().isEmpty() ? "user:" + principal.userId() : principal.keyId();
    }

    /** Ends what the store has open. */
    public void close() {
        store.close();
    }
}

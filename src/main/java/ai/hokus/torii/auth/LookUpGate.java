package ai.hokus.torii.auth;

import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.StateTransition;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.time.Clock;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides whether the auth service may be asked now: a circuit breaker spares one that fails, a ramp spares one that
 * has just come back, and a budget spares it the keys that nobody has vouched for.
 *
 * <ol>
 *   <li>The breaker opens at the configured share of failed calls, and not below the least number of calls.
 *   <li>An open breaker lets nobody through; after its time one call probes, and the others wait for what it finds.
 *   <li>After a good probe the number of calls at once grows from one to the budget's within the ramp's time, and is
 *       free afterwards.
 *   <li>Keys that a remembered acceptance vouches for are outside the budget; the others get its rate, its burst and
 *       its number at once, and no more.
 *   <li>A look-up that is turned away counts for nothing.
 *   <li>A refusal, the service's own 429 and a misunderstanding are answers; only what nobody could tell is a failure.
 * </ol>
 *
 * Safe for concurrent use; one for a process.
 */
public final class LookUpGate {

    private static final Logger LOG = LoggerFactory.getLogger(LookUpGate.class);
    private static final Set<Reason> OUTAGES =
            EnumSet.of(Reason.AUTH_UNAVAILABLE, Reason.AUTH_TIMEOUT, Reason.AUTH_ANSWER_UNREADABLE);

    private final CircuitBreaker breaker;
    private final TokenBucket budget;
    private final int atOnce;
    private final long rampNanos;
    private final Ticker ticker;
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicInteger unknownUnderWay = new AtomicInteger();
    private volatile boolean ramping;
    private volatile long rampStart;

    /** Closed breaker, full budget; {@code ticker} and {@code clock} tell the same time. */
    public LookUpGate(AuthConfig.Breaker config, AuthConfig.UnknownKeys unknownKeys, Ticker ticker, Clock clock) {
        this.ticker = ticker;
        this.budget = unknownKeys.rate() == 0 ? null : new TokenBucket(unknownKeys.rate(), unknownKeys.burst(), ticker);
        this.atOnce = unknownKeys.atOnce();
        this.rampNanos = config.ramp().toNanos();
        this.breaker = CircuitBreaker.of(
                "auth",
                CircuitBreakerConfig.custom()
                        .slidingWindowType(SlidingWindowType.TIME_BASED)
                        .slidingWindowSize((int) config.window().toSeconds())
                        .minimumNumberOfCalls(config.minCalls())
                        .failureRateThreshold(config.failurePercent())
                        .waitDurationInOpenState(config.open())
                        .permittedNumberOfCallsInHalfOpenState(1)
                        .clock(clock)
                        .build());
        breaker.getEventPublisher().onStateTransition(event -> changed(event.getStateTransition(), config));
    }

    /** A look-up that was let through; whoever made it says once how it ended. */
    final class Pass {

        private final boolean isKnown;
        private final long startNanos = ticker.read();

        private Pass(boolean isKnown) {
            this.isKnown = isKnown;
        }

        /** The look-up is over; {@code failure} is null when it came to a verdict. */
        void ended(GatewayFailure failure) {
            leave(isKnown);
            long nanos = ticker.read() - startNanos;
            if (failure != null && isOutage(failure)) {
                breaker.onError(nanos, TimeUnit.NANOSECONDS, failure);
            } else {
                breaker.onSuccess(nanos, TimeUnit.NANOSECONDS);
            }
        }
    }

    /** Whether this failure means that the auth service cannot answer at all. */
    static boolean isOutage(GatewayFailure failure) {
        return OUTAGES.contains(failure.reason());
    }

    /**
     * Asks for a way through.
     *
     * @param isKnown whether a remembered acceptance vouches for the key
     * @throws GatewayFailure auth_unavailable while the breaker is open or the ramp is full, auth_budget beyond the
     *     budget
     */
    Pass enter(boolean isKnown) {
        if (underWay.incrementAndGet() > limit()) {
            underWay.decrementAndGet();
            throw GatewayFailure.authUnavailable("it has just come back and is asked slowly");
        }
        if (!isKnown && unknownUnderWay.incrementAndGet() > atOnce && budget != null) {
            leave(false);
            throw GatewayFailure.authBudget();
        }
        if (!breaker.tryAcquirePermission()) {
            leave(isKnown);
            throw GatewayFailure.authUnavailable("it failed too often a moment ago and is left alone");
        }
        if (!isKnown && budget != null && !budget.take()) {
            leave(false);
            breaker.releasePermission();
            throw GatewayFailure.authBudget();
        }
        return new Pass(isKnown);
    }

    private void leave(boolean isKnown) {
        underWay.decrementAndGet();
        if (!isKnown) {
            unknownUnderWay.decrementAndGet();
        }
    }

    /** How many may be under way now. */
    private long limit() {
        if (!ramping) {
            return Long.MAX_VALUE;
        }
        long elapsed = ticker.read() - rampStart;
        if (elapsed >= rampNanos) {
            ramping = false;
            return Long.MAX_VALUE;
        }
        return 1 + atOnce * elapsed / rampNanos;
    }

    private void changed(StateTransition transition, AuthConfig.Breaker config) {
        switch (transition.getToState()) {
            case OPEN ->
                LOG.warn(
                        "the auth service fails; it is left alone for {} ms at a time",
                        config.open().toMillis());
            case CLOSED -> {
                rampStart = ticker.read();
                ramping = true;
                LOG.info("the auth service answers again");
            }
            default -> {}
        }
    }

    /** 0: closed, 1: probing, 2: open. */
    public int state() {
        return switch (breaker.getState()) {
            case OPEN, FORCED_OPEN -> 2;
            case HALF_OPEN -> 1;
            default -> 0;
        };
    }
}

package ai.hokus.torii.auth;

import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.exchange.TokenBucket;
import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides whether the auth service may be asked now: a circuit breaker spares one that fails, a ramp spares one that
 * has just come back, and a budget spares it the keys that nobody has vouched for.
 *
 * <ol>
 *   <li>The breaker opens at the configured share of failed calls, and not below the least number of calls.
 *   <li>An open breaker lets nobody through; after its time one call probes, and the others wait for what it finds. A
 *       call from before it opened has no say in that.
 *   <li>After a good probe the number of calls at once grows from one to the budget's within the ramp's time, and is
 *       free afterwards.
 *   <li>Keys that were accepted before are outside the budget; the others get its rate, its burst and its number at
 *       once, and no more.
 *   <li>A look-up that is turned away counts for nothing.
 *   <li>A refusal, the service's own 429 and a misunderstanding are answers; only what nobody could tell is a failure.
 *   <li>Known and unknown keys have a breaker each, and a closed one counts one failure of one known key in a while:
 *       whoever sends keys that make the service fail keeps nobody from being asked about whose key was accepted before.
 * </ol>
 *
 * Safe for concurrent use; one for a process.
 */
public final class LookUpGate {

    private static final long LATELY_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final Logger LOG = LoggerFactory.getLogger(LookUpGate.class);
    private static final Set<Reason> OUTAGES =
            EnumSet.of(Reason.AUTH_UNAVAILABLE, Reason.AUTH_TIMEOUT, Reason.AUTH_ANSWER_UNREADABLE);

    private final Lane known;
    private final Lane unknown;
    private final TokenBucket budget;
    private final AuthConfig.UnknownKeys rates;
    private final int atOnce;
    private final long rampNanos;
    private final Ticker ticker;

    /** Closed breakers, full budget, time by this ticker. */
    public LookUpGate(AuthConfig.Breaker config, AuthConfig.UnknownKeys unknownKeys, Ticker ticker) {
        this.ticker = ticker;
        this.rates = unknownKeys;
        this.budget = unknownKeys.rate() == 0 ? null : new TokenBucket(unknownKeys.burst(), ticker.read());
        this.atOnce = unknownKeys.atOnce();
        this.rampNanos = config.ramp().toNanos();
        this.known = new Lane("known", config);
        this.unknown = new Lane("unknown", config);
    }

    /** The look-ups of one kind of keys. */
    private final class Lane {

        private final CircuitBreaker breaker;
        private final AtomicInteger underWay = new AtomicInteger();
        private volatile long openedNanos;
        private int generation; // guarded by this lane, as every change of the breaker's state is
        private final AtomicReference<Ramp> ramp = new AtomicReference<>();

        Lane(String name, AuthConfig.Breaker config) {
            // Not the wall clock, which may be set back while the breaker is open.
            Clock clock = ((InstantSource) () -> Instant.EPOCH.plusNanos(ticker.read())).withZone(ZoneOffset.UTC);
            this.breaker = CircuitBreaker.of(
                    name,
                    CircuitBreakerConfig.custom()
                            .slidingWindowType(SlidingWindowType.TIME_BASED)
                            .slidingWindowSize((int) config.window().toSeconds())
                            .minimumNumberOfCalls(config.minCalls())
                            .failureRateThreshold(config.failurePercent())
                            .waitDurationInOpenState(config.open())
                            .permittedNumberOfCallsInHalfOpenState(1)
                            .clock(clock)
                            .build());
            breaker.getEventPublisher()
                    .onStateTransition(
                            event -> changed(event.getStateTransition().getToState()));
        }

        private void changed(CircuitBreaker.State state) {
            generation++;
            if (state == CircuitBreaker.State.OPEN) {
                openedNanos = ticker.read();
                LOG.warn("the auth service fails for {} keys; it is left alone for a while", breaker.getName());
            } else if (state == CircuitBreaker.State.CLOSED) {
                ramp.set(new Ramp(ticker.read()));
                LOG.info("the auth service answers for {} keys again", breaker.getName());
            }
        }

        /** How many may be under way now. */
        private long limit() {
            Ramp now = ramp.get();
            if (now == null) {
                return Long.MAX_VALUE;
            }
            long elapsed = ticker.read() - now.startNanos();
            if (elapsed >= rampNanos) {
                ramp.compareAndSet(now, null);
                return Long.MAX_VALUE;
            }
            return 1 + atOnce * elapsed / rampNanos;
        }
    }

    private record Ramp(long startNanos) {}

    /** A look-up that was let through; whoever made it says once how it ended. */
    final class Pass {

        private final Lane lane;
        private final int generation;
        private final long startNanos = ticker.read();

        private Pass(Lane lane, int generation) {
            this.lane = lane;
            this.generation = generation;
        }

        /** The look-up came to a verdict. */
        void succeeded() {
            ended(breaker -> breaker.onSuccess(ticker.read() - startNanos, TimeUnit.NANOSECONDS));
        }

        /** The look-up failed; {@code isRepeated} tells whether the last one about the same key did so a moment ago. */
        void failed(GatewayFailure failure, boolean isRepeated) {
            if (!isOutage(failure)) {
                succeeded();
            } else {
                ended(breaker -> {
                    if (!isRepeated || breaker.getState() != CircuitBreaker.State.CLOSED) {
                        breaker.onError(ticker.read() - startNanos, TimeUnit.NANOSECONDS, failure);
                    }
                });
            }
        }

        private void ended(Consumer<CircuitBreaker> report) {
            lane.underWay.decrementAndGet();
            // In one step, like entering: a breaker tells of its new state after it has taken it, and a probe let
            // through
            // in between would be of a generation that is over before it ends, so that nobody hears of it.
            synchronized (lane) {
                if (generation == lane.generation) {
                    report.accept(lane.breaker);
                }
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
     * @param isKnown whether the key was accepted before
     * @throws GatewayFailure auth_unavailable while the breaker is open or the ramp is full, auth_budget beyond the
     *     budget
     */
    Pass enter(boolean isKnown) {
        Lane lane = isKnown ? known : unknown;
        boolean isLimited = !isKnown && budget != null;
        int underWay = lane.underWay.incrementAndGet();
        if (underWay > lane.limit()) {
            lane.underWay.decrementAndGet();
            throw GatewayFailure.authUnavailable("it has just come back and is asked slowly");
        }
        if (isLimited && underWay > atOnce) {
            lane.underWay.decrementAndGet();
            throw GatewayFailure.authBudget();
        }
        Pass pass;
        // In one step: the permit of a probe belongs to the generation that it begins.
        synchronized (lane) {
            if (!lane.breaker.tryAcquirePermission()) {
                lane.underWay.decrementAndGet();
                throw GatewayFailure.authUnavailable("it failed too often a moment ago and is left alone");
            }
            pass = new Pass(lane, lane.generation);
        }
        if (isLimited && budget.take(rates.rate(), rates.burst(), ticker.read()) < 0) {
            pass.ended(CircuitBreaker::releasePermission);
            throw GatewayFailure.authBudget();
        }
        return pass;
    }

    /**
     * Whether the source is left alone even for keys that were accepted before, and was asked in vain a moment ago: a
     * breaker that nobody has tried since stays open, however well the source may be.
     */
    public boolean failsForKnownKeys() {
        return state(true) == 2 && ticker.read() - known.openedNanos < LATELY_NANOS;
    }

    /** The state of the breaker of known or of unknown keys. 0: closed, 1: probing, 2: open. */
    public int state(boolean isKnown) {
        return switch ((isKnown ? known : unknown).breaker.getState()) {
            case OPEN, FORCED_OPEN -> 2;
            case HALF_OPEN -> 1;
            default -> 0;
        };
    }
}

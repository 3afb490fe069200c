package ai.hokus.torii.telemetry;

import ai.hokus.torii.exchange.Blame;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.KeyCheck;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.exchange.VerdictSource;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * What is counted of every exchange. Each tag has a small fixed set of values: operations, areas, methods (others are
 * OTHER), status classes, reasons, sides. Safe for all event loops.
 */
final class ExchangeMeters {

    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");
    private static final String NOBODY = "none";

    /** Control calls take milliseconds and at most a minute, transfers of artifacts up to hours. */
    private static final Duration[] REQUEST_BUCKETS = millis(
            1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000);

    private static final Duration[] AUTH_BUCKETS = millis(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000);

    /** What fails on the management listener, or in a probe, and never for a caller. */
    private static final Set<Reason> NOT_OF_CALLERS = Set.of(
            Reason.ADMIN_CLOSED, Reason.ADMIN_REFUSED, Reason.REVOCATION_NOT_SHARED, Reason.AUTH_CONTRACT_SUSPECT);

    private record RequestTags(
            String operation, String area, String method, String status, String reason, String blame) {}

    private record RefusalTags(String operation, String reason, boolean isEnforced) {}

    private record VerdictTags(String outcome, String source) {}

    private final MeterRegistry registry;
    private final FailingKeys failingKeys;
    private final LongAdder inFlight = new LongAdder();
    private final Map<RequestTags, Counter> requests = new ConcurrentHashMap<>();
    private final Map<String, Counter> failures = new ConcurrentHashMap<>();
    private final Map<RefusalTags, Counter> refusals = new ConcurrentHashMap<>();
    private final Map<VerdictTags, Counter> verdicts = new ConcurrentHashMap<>();
    private final Map<String, Timer> requestTimes = new ConcurrentHashMap<>();
    private final Map<String, Timer> upstreamTimes = new ConcurrentHashMap<>();
    private final Map<String, Timer> authTimes = new ConcurrentHashMap<>();
    private final Timer connectionWaits;
    private final Timer limitWaits;
    private final Map<String, Counter> bytesIn = new ConcurrentHashMap<>();
    private final Map<String, Counter> bytesOut = new ConcurrentHashMap<>();

    /** Registers what is known from the start. */
    ExchangeMeters(MeterRegistry registry, FailingKeys failingKeys) {
        this.registry = registry;
        this.failingKeys = failingKeys;
        Gauge.builder("torii.requests.in.flight", inFlight, LongAdder::sum)
                .description("Requests that have not ended")
                .register(registry);
        connectionWaits = timer(
                "torii.upstream.wait",
                "How long requests waited for a connection to MLflow",
                Tags.empty(),
                AUTH_BUCKETS);
        limitWaits = timer(
                "torii.ratelimit.store",
                "How long requests waited for the Redis that counts them",
                Tags.empty(),
                AUTH_BUCKETS);
        beginAtZero();
    }

    /** A number that comes up with the first event hides it from Prometheus' rate(). */
    private void beginAtZero() {
        for (Reason reason : Reason.values()) {
            if (!NOT_OF_CALLERS.contains(reason)) {
                failures.computeIfAbsent(reason.code(), code -> failureCounter(code, reason.blame()));
            }
        }
        failures.computeIfAbsent(Telemetry.CALLER_GONE, code -> failureCounter(code, Blame.CALLER));
        failures.computeIfAbsent(Telemetry.ANSWERED_5XX, code -> failureCounter(code, Blame.UPSTREAM));
        for (VerdictSource source : VerdictSource.values()) {
            verdict(KeyCheck.ACCEPTED, source);
            if (source != VerdictSource.STALE) {
                KeyCheck.REFUSALS.forEach(reason -> verdict(reason.code(), source));
            }
        }
        KeyCheck.FAILURES.forEach(reason -> verdict(reason.code(), VerdictSource.CALL));
    }

    private Counter verdict(String outcome, VerdictSource source) {
        return verdicts.computeIfAbsent(new VerdictTags(outcome, tag(source)), this::verdictCounter);
    }

    private static String tag(VerdictSource source) {
        return source.name().toLowerCase(Locale.ROOT);
    }

    void opened() {
        inFlight.increment();
    }

    void ended(Exchange exchange) {
        inFlight.decrement();
        String area = exchange.operation().area();
        String reason = Telemetry.reason(exchange);
        Optional<Blame> blame = Telemetry.blame(exchange);
        requests.computeIfAbsent(tags(exchange, reason, blame), this::requestCounter)
                .increment();
        if (blame.isPresent()) {
            failed(exchange, reason, blame.get());
        }
        requestTimes
                .computeIfAbsent(
                        area,
                        a -> timer(
                                "torii.request",
                                "From the request's head to the end of the answer",
                                Tags.of("area", a),
                                REQUEST_BUCKETS))
                .record(exchange.nanos(), TimeUnit.NANOSECONDS);
        if (exchange.upstreamNanos() >= 0) {
            upstreamTimes
                    .computeIfAbsent(
                            area,
                            a -> timer(
                                    "torii.upstream",
                                    "From the request's going out to the head of MLflow's answer",
                                    Tags.of("area", a),
                                    REQUEST_BUCKETS))
                    .record(exchange.upstreamNanos(), TimeUnit.NANOSECONDS);
        }
        if (exchange.waitNanos() >= 0) {
            connectionWaits.record(exchange.waitNanos(), TimeUnit.NANOSECONDS);
        }
        if (exchange.limitNanos() >= 0) {
            limitWaits.record(exchange.limitNanos(), TimeUnit.NANOSECONDS);
        }
        bytesIn.computeIfAbsent(area, a -> bytes("torii.request.body.bytes", "Body bytes from callers", a))
                .increment(exchange.bytesIn());
        bytesOut.computeIfAbsent(area, a -> bytes("torii.response.body.bytes", "Body bytes to callers", a))
                .increment(exchange.bytesOut());
        exchange.keyCheck().ifPresent(this::checked);
        exchange.decision()
                .ifPresent(decision -> decision.refusal()
                        .ifPresent(refusal -> refusals.computeIfAbsent(
                                        new RefusalTags(
                                                exchange.operation().name(),
                                                refusal.reason().code(),
                                                decision.isEnforced()),
                                        this::refusalCounter)
                                .increment()));
    }

    private static RequestTags tags(Exchange exchange, String reason, Optional<Blame> blame) {
        String name = exchange.request().method().name();
        return new RequestTags(
                exchange.operation().name(),
                exchange.operation().area(),
                METHODS.contains(name) ? name : "OTHER",
                status(exchange),
                reason,
                blame.map(Blame::code).orElse(NOBODY));
    }

    private void failed(Exchange exchange, String reason, Blame blame) {
        failingKeys.failed(exchange, blame);
        failures.computeIfAbsent(reason, code -> failureCounter(code, blame)).increment();
    }

    private void checked(KeyCheck check) {
        verdict(check.outcome(), check.source()).increment();
        authTimes
                .computeIfAbsent(
                        tag(check.source()),
                        source -> timer(
                                "torii.auth",
                                "How long the check of the key took, by who answered",
                                Tags.of("source", source),
                                AUTH_BUCKETS))
                .record(check.nanos(), TimeUnit.NANOSECONDS);
    }

    /** The status class; what a caller that left would have been told is not known. */
    private static String status(Exchange exchange) {
        boolean unanswered = exchange.isCallerGone() && exchange.failure().isEmpty();
        return unanswered ? "none" : exchange.response().getStatusCode() / 100 + "xx";
    }

    private Counter requestCounter(RequestTags tags) {
        return Counter.builder("torii.requests")
                .description("Requests that have ended; blame says whose side it is on that one did not go well")
                .tags("operation", tags.operation(), "area", tags.area(), "method", tags.method())
                .tags("status", tags.status(), "reason", tags.reason(), "blame", tags.blame())
                .register(registry);
    }

    private Counter failureCounter(String reason, Blame blame) {
        return Counter.builder("torii.failures")
                .description(
                        "Requests that did not go well, by whose side it is on and why; answered_5xx: MLflow's own")
                .tags("blame", blame.code(), "reason", reason)
                .register(registry);
    }

    private Counter refusalCounter(RefusalTags tags) {
        return Counter.builder("torii.authorization.refusals")
                .description("Operations that keys may not do; enforced=false: rehearsed, they went on")
                .tags("operation", tags.operation(), "reason", tags.reason())
                .tag("enforced", Boolean.toString(tags.isEnforced()))
                .register(registry);
    }

    private Counter verdictCounter(VerdictTags tags) {
        return Counter.builder("torii.verdicts")
                .description("Checks of keys, by what they came to and whether anybody had to be asked")
                .tags("outcome", tags.outcome(), "source", tags.source())
                .register(registry);
    }

    private Timer timer(String name, String description, Tags tags, Duration[] buckets) {
        return Timer.builder(name)
                .description(description)
                .tags(tags)
                .serviceLevelObjectives(buckets)
                .register(registry);
    }

    private Counter bytes(String name, String description, String area) {
        return Counter.builder(name).description(description).tag("area", area).register(registry);
    }

    private static Duration[] millis(long... values) {
        Duration[] durations = new Duration[values.length];
        for (int i = 0; i < values.length; i++) {
            durations[i] = Duration.ofMillis(values[i]);
        }
        return durations;
    }
}

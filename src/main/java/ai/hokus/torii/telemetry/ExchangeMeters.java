package ai.hokus.torii.telemetry;

import ai.hokus.torii.exchange.Blame;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.KeyCheck;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
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
    private static final Duration[] REQUEST_BUCKETS =
            millis(1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000, 60_000);
    private static final Duration[] AUTH_BUCKETS = millis(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000);

    private record RequestTags(
            String operation, String area, String method, String status, String reason, String blame) {}

    private record RefusalTags(String operation, String reason, boolean isEnforced) {}

    private record VerdictTags(String outcome, String source) {}

    private final MeterRegistry registry;
    private final FailingKeys failingKeys;
    private final LongAdder inFlight = new LongAdder();
    private final Map<RequestTags, Counter> requests = new ConcurrentHashMap<>();
    private final Map<RefusalTags, Counter> refusals = new ConcurrentHashMap<>();
    private final Map<VerdictTags, Counter> verdicts = new ConcurrentHashMap<>();
    private final Map<String, Timer> requestTimes = new ConcurrentHashMap<>();
    private final Map<String, Timer> upstreamTimes = new ConcurrentHashMap<>();
    private final Map<String, Timer> authTimes = new ConcurrentHashMap<>();
    private final Map<String, Counter> bytesIn = new ConcurrentHashMap<>();
    private final Map<String, Counter> bytesOut = new ConcurrentHashMap<>();

    /** Registers what is known from the start. */
    ExchangeMeters(MeterRegistry registry, FailingKeys failingKeys) {
        this.registry = registry;
        this.failingKeys = failingKeys;
        Gauge.builder("torii.requests.in.flight", inFlight, LongAdder::sum)
                .description("Requests that have not ended")
                .register(registry);
    }

    void opened() {
        inFlight.increment();
    }

    void ended(Exchange exchange) {
        inFlight.decrement();
        String area = exchange.operation().area();
        requests.computeIfAbsent(tags(exchange), this::requestCounter).increment();
        requestTimes
                .computeIfAbsent(
                        area,
                        a -> timer(
                                "torii.request",
                                "From the request's head to the end of the answer",
                                "area",
                                a,
                                REQUEST_BUCKETS))
                .record(exchange.nanos(), TimeUnit.NANOSECONDS);
        if (exchange.upstreamNanos() >= 0) {
            upstreamTimes
                    .computeIfAbsent(
                            area,
                            a -> timer(
                                    "torii.upstream", "Until the head of MLflow's answer", "area", a, REQUEST_BUCKETS))
                    .record(exchange.upstreamNanos(), TimeUnit.NANOSECONDS);
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

    private RequestTags tags(Exchange exchange) {
        String name = exchange.request().method().name();
        Optional<Blame> blame = blame(exchange);
        blame.ifPresent(side -> failingKeys.failed(exchange, side));
        return new RequestTags(
                exchange.operation().name(),
                exchange.operation().area(),
                METHODS.contains(name) ? name : "OTHER",
                status(exchange),
                Telemetry.reason(exchange),
                blame.map(Blame::code).orElse(NOBODY));
    }

    /**
     * Whose side it is on that an exchange did not go well; empty when it did. MLflow's own 5xx is MLflow's, its 4xx is an
     * answer like others, and whoever leaves before the answer is there has done so himself.
     */
    static Optional<Blame> blame(Exchange exchange) {
        if (exchange.failure().isPresent()) {
            return Optional.of(exchange.failure().get().reason().blame());
        }
        if (exchange.isCallerGone()) {
            return Optional.of(Blame.CALLER);
        }
        boolean isMlflows = exchange.upstreamNanos() >= 0;
        return isMlflows && exchange.response().getStatusCode() >= 500 ? Optional.of(Blame.UPSTREAM) : Optional.empty();
    }

    private void checked(KeyCheck check) {
        String source = check.source().name().toLowerCase(Locale.ROOT);
        verdicts.computeIfAbsent(new VerdictTags(check.outcome(), source), this::verdictCounter)
                .increment();
        authTimes
                .computeIfAbsent(source, s -> timer("torii.auth", "The check of the key", "source", s, AUTH_BUCKETS))
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

    private Timer timer(String name, String description, String tag, String value, Duration[] buckets) {
        return Timer.builder(name)
                .description(description)
                .tag(tag, value)
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

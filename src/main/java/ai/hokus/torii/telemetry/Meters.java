package ai.hokus.torii.telemetry;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.KeyCheck;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The numbers of the process. Every tag has a small fixed set of values: areas, methods (others are OTHER), status
 * classes, reasons, outcomes. Safe for all event loops; the owner closes it.
 */
public final class Meters implements AutoCloseable {

    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");
    private static final Duration[] REQUEST_BUCKETS =
            millis(1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000, 60_000);
    private static final Duration[] AUTH_BUCKETS = millis(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000);

    private record RequestTags(String operation, String area, String method, String status, String reason) {}

    private record RefusalTags(String operation, String reason, boolean isEnforced) {}

    private record VerdictTags(String outcome, String source) {}

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Map<String, Runnable> tables = new ConcurrentHashMap<>();
    private final LongAdder inFlight = new LongAdder();
    private final JvmGcMetrics gc = new JvmGcMetrics();
    private final Map<RequestTags, Counter> requests = new ConcurrentHashMap<>();
    private final Map<RefusalTags, Counter> refusals = new ConcurrentHashMap<>();
    private final Map<VerdictTags, Counter> verdicts = new ConcurrentHashMap<>();
    private final Map<String, Timer> requestTimes = new ConcurrentHashMap<>();
    private final Map<String, Timer> upstreamTimes = new ConcurrentHashMap<>();
    private final Map<String, Timer> authTimes = new ConcurrentHashMap<>();
    private final Map<String, Counter> bytesIn = new ConcurrentHashMap<>();
    private final Map<String, Counter> bytesOut = new ConcurrentHashMap<>();

    /** Registers what is known from the start: JVM, process, in-flight requests, and which build this is. */
    public Meters(String version, String commit) {
        Gauge.builder("torii.requests.in.flight", inFlight, LongAdder::sum)
                .description("Requests that have not ended")
                .register(registry);
        Gauge.builder("torii.build.info", () -> 1)
                .description("Always 1; which build runs")
                .tag("version", version)
                .tag("commit", commit)
                .register(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        gc.bindTo(registry);
    }

    /** A number that is asked for when it is scraped; takes the place of one of the same name. */
    public void gauge(String name, String description, Supplier<Number> value) {
        gauge(name, description, Tags.empty(), value);
    }

    /** The same with a tag; its value comes from a small fixed set. */
    public void gauge(String name, String description, String tag, String tagValue, Supplier<Number> value) {
        gauge(name, description, Tags.of(tag, tagValue), value);
    }

    private void gauge(String name, String description, Tags tags, Supplier<Number> value) {
        // The registry would keep the one before, and with it what that looks at.
        forget(name, tags);
        Gauge.builder(name, value).description(description).tags(tags).register(registry);
    }

    /** Takes a gauge away whose object is in use no more, if there is one; its tags in pairs. */
    public void forget(String name, String... tags) {
        forget(name, Tags.of(tags));
    }

    private void forget(String name, Tags tags) {
        registry.remove(new Meter.Id(name, tags, null, null, Meter.Type.GAUGE));
    }

    /**
     * Numbers that are asked for when they are scraped, one for each value of a tag; a value that is not there any more
     * goes.
     */
    public void table(String name, String description, String tag, Supplier<Map<String, Number>> values) {
        MultiGauge rows = MultiGauge.builder(name).description(description).register(registry);
        tables.put(
                name,
                () -> rows.register(
                        values.get().entrySet().stream()
                                .map(entry -> MultiGauge.Row.of(Tags.of(tag, entry.getKey()), entry.getValue()))
                                .toList(),
                        true));
    }

    /** A number that only grows; running the result adds one. */
    public Runnable counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry)::increment;
    }

    /** A number that only grows and is asked for when it is scraped; the tag's value comes from a small fixed set. */
    public void counter(String name, String description, String tag, String tagValue, Supplier<Number> value) {
        counted(name, description, () -> value.get().longValue(), tag, tagValue);
    }

    /** Numbers that only grow, one for each value of a tag; the values come from a small fixed set. */
    public Consumer<String> counters(String name, String description, String tag) {
        return counters(name, description, Tags.empty(), tag);
    }

    /** The same with another tag, which has this value in all of them. */
    public Consumer<String> counters(String name, String description, String fixedTag, String fixedValue, String tag) {
        return counters(name, description, Tags.of(fixedTag, fixedValue), tag);
    }

    private Consumer<String> counters(String name, String description, Tags fixed, String tag) {
        Map<String, Counter> counters = new ConcurrentHashMap<>();
        return value -> counters.computeIfAbsent(
                        value,
                        v -> Counter.builder(name)
                                .description(description)
                                .tags(fixed.and(tag, v))
                                .register(registry))
                .increment();
    }

    /** A number that only grows and is asked for when it is scraped; tags in pairs, of small fixed sets of values. */
    public void counted(String name, String description, LongSupplier count, String... tags) {
        // Of the object it is built with a counter keeps a weak reference only.
        FunctionCounter.builder(name, this, meters -> count.getAsLong())
                .description(description)
                .tags(tags)
                .register(registry);
    }

    /** Everything in Prometheus' text format 0.0.4. */
    public String scrape() {
        tables.values().forEach(Runnable::run);
        return registry.scrape();
    }

    void opened() {
        inFlight.increment();
    }

    void ended(Exchange exchange) {
        inFlight.decrement();
        String area = exchange.operation().area();
        String name = exchange.request().method().name();
        String method = METHODS.contains(name) ? name : "OTHER";
        requests.computeIfAbsent(
                        new RequestTags(
                                exchange.operation().name(),
                                area,
                                method,
                                status(exchange),
                                Telemetry.reason(exchange)),
                        this::requestCounter)
                .increment();
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
                .description("Requests that have ended")
                .tags("operation", tags.operation(), "area", tags.area(), "method", tags.method())
                .tags("status", tags.status(), "reason", tags.reason())
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

    @Override
    public void close() {
        gc.close();
        registry.close();
    }
}

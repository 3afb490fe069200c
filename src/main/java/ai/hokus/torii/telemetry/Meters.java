package ai.hokus.torii.telemetry;

import ai.hokus.torii.exchange.Blame;
import ai.hokus.torii.exchange.Exchange;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The numbers of the process. Every tag has a small fixed set of values: areas, methods (others are OTHER), status
 * classes, reasons, outcomes. Safe for all event loops; the owner closes it.
 */
public final class Meters implements AutoCloseable {

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Map<String, Runnable> tables = new ConcurrentHashMap<>();
    private final ProcessMeters process = new ProcessMeters(registry);
    private final ExchangeMeters exchanges;
    private final EventLoopDelay loopDelay;

    /** The same by the clock of the JVM. */
    public Meters(String version, String commit) {
        this(version, commit, System::nanoTime);
    }

    /**
     * Registers what is known from the start: JVM, process, in-flight requests, and which build this is.
     *
     * @param nanoTime the clock of what is counted over a while, as {@link System#nanoTime}
     */
    public Meters(String version, String commit, LongSupplier nanoTime) {
        FailingKeys failingKeys = new FailingKeys(nanoTime);
        exchanges = new ExchangeMeters(registry, failingKeys);
        loopDelay = new EventLoopDelay(nanoTime);
        show(failingKeys);
        gauge(
                "torii.event.loop.delay.seconds",
                "How late the slowest event loop came to what was due, worst of the last 30 seconds",
                loopDelay::seconds);
        Gauge.builder("torii.build.info", () -> 1)
                .description("Always 1; which build runs")
                .tag("version", version)
                .tag("commit", commit)
                .register(registry);
    }

    private void show(FailingKeys keys) {
        for (Blame blame : Blame.values()) {
            gauge(
                    "torii.failing.keys",
                    "Keys that met a failure of this side within the last 5 minutes; 10000 means that many or more",
                    "blame",
                    blame.code(),
                    () -> keys.count(blame));
            counted(
                    "torii.failing.keys.left.out",
                    "Failures of keys beyond the 10000 that torii_failing_keys tells apart",
                    () -> keys.leftOut(blame),
                    "blame",
                    blame.code());
        }
    }

    /** Where event loops tell how late they are. */
    public EventLoopDelay eventLoopDelay() {
        return loopDelay;
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
        rows(name, description, () -> {
            Map<List<String>, Number> rows = new LinkedHashMap<>();
            values.get().forEach((value, number) -> rows.put(List.of(tag, value), number));
            return rows;
        });
    }

    /** The same for several tags; each row's tags in pairs. */
    public void rows(String name, String description, Supplier<Map<List<String>, Number>> values) {
        MultiGauge rows = MultiGauge.builder(name).description(description).register(registry);
        tables.put(
                name,
                () -> rows.register(
                        values.get().entrySet().stream()
                                .map(entry -> MultiGauge.Row.of(
                                        Tags.of(entry.getKey().toArray(String[]::new)), entry.getValue()))
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

    /**
     * Numbers that only grow, one for each value of a tag; the values come from a small fixed set.
     *
     * @param known those that begin at 0, so that the first event is seen to be one: Prometheus' {@code rate()} cannot tell
     *     a number that comes up from one that has been there
     */
    public Consumer<String> counters(String name, String description, String tag, List<String> known) {
        return counters(name, description, Tags.empty(), tag, known);
    }

    /** The same with another tag, which has this value in all of them. */
    public Consumer<String> counters(
            String name, String description, String fixedTag, String fixedValue, String tag, List<String> known) {
        return counters(name, description, Tags.of(fixedTag, fixedValue), tag, known);
    }

    private Consumer<String> counters(String name, String description, Tags fixed, String tag, List<String> known) {
        Map<String, Counter> counters = new ConcurrentHashMap<>();
        Function<String, Counter> counter = value -> counters.computeIfAbsent(
                value,
                v -> Counter.builder(name)
                        .description(description)
                        .tags(fixed.and(tag, v))
                        .register(registry));
        known.forEach(counter::apply);
        return value -> counter.apply(value).increment();
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
        return scrape(ScrapeFormat.TEXT);
    }

    /** Everything in this format. */
    public String scrape(ScrapeFormat format) {
        tables.values().forEach(Runnable::run);
        return registry.scrape(format.contentType());
    }

    void opened() {
        exchanges.opened();
    }

    void ended(Exchange exchange) {
        exchanges.ended(exchange);
    }

    @Override
    public void close() {
        process.close();
        registry.close();
    }
}

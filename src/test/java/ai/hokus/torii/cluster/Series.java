package ai.hokus.torii.cluster;

import ai.hokus.torii.support.PrometheusServer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Numbers of a Prometheus that are about one thing.
 *
 * @param labels what they are about
 * @param values in their order, at least one; what is not a number is left out
 */
record Series(Map<String, String> labels, List<Double> values) {

    private static final Duration STEP = Duration.ofSeconds(1);

    /** What a query comes to between these times; empty: nothing, or no number. */
    static List<Series> of(PrometheusServer prometheus, String query, Instant from, Instant to) throws IOException {
        return prometheus.queryRange(query, from, to, STEP).stream()
                .map(JsonObject.class::cast)
                .map(one -> new Series(labels(one.getJsonObject("metric")), numbers(one.getJsonArray("values"))))
                .filter(one -> !one.values().isEmpty())
                .toList();
    }

    private static Map<String, String> labels(JsonObject metric) {
        return metric.stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, label -> label.getValue().toString()));
    }

    private static List<Double> numbers(JsonArray pairs) {
        return pairs.stream()
                .map(pair -> ((JsonArray) pair).getString(1))
                .map(text -> Double.valueOf(text.replace("Inf", "Infinity")))
                .filter(value -> !value.isNaN())
                .toList();
    }

    double max() {
        return values.stream().mapToDouble(value -> value).max().getAsDouble();
    }

    double min() {
        return values.stream().mapToDouble(value -> value).min().getAsDouble();
    }

    boolean has(String label, String value) {
        return value.equals(labels.get(label));
    }
}

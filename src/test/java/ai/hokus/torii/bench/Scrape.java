package ai.hokus.torii.bench;

import java.util.Arrays;
import java.util.List;

/** The gateway's numbers at one moment. */
final class Scrape {

    private final List<String> lines;

    /** In Prometheus' text format. */
    Scrape(String text) {
        this.lines = text.lines().filter(line -> !line.startsWith("#")).toList();
    }

    /** The sum over all series of this name that have all these tags. */
    private double sum(String name, String... tags) {
        return lines.stream()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .filter(line -> Arrays.stream(tags).allMatch(line::contains))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** How many requests got an acceptance from here: cache, call, shared, stale. */
    double accepted(String source) {
        return sum("torii_verdicts_total", "outcome=\"accepted\"", "source=\"" + source + "\"");
    }

    double acceptances() {
        return sum("torii_verdict_cache_accepted");
    }

    double refusals() {
        return sum("torii_verdict_cache_refused");
    }
}

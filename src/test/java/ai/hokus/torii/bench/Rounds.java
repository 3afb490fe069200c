package ai.hokus.torii.bench;

import java.util.Collection;
import java.util.function.ToDoubleFunction;

/**
 * A number as several rounds came out.
 *
 * @param median the middle one, or the mean of the middle two
 * @param min the least
 * @param max the most
 */
record Rounds(double median, double min, double max) {

    static Rounds of(Collection<Answers> rounds, ToDoubleFunction<Answers> number) {
        double[] sorted = rounds.stream().mapToDouble(number).sorted().toArray();
        int middle = sorted.length / 2;
        double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Rounds(median, sorted[0], sorted[sorted.length - 1]);
    }

    @Override
    public String toString() {
        return "%.1f (%.1f–%.1f)".formatted(median, min, max);
    }
}

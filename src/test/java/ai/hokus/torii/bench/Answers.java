package ai.hokus.torii.bench;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What came back for a load. Filled on one event loop, read when the load has ended. */
final class Answers {

    private static final double NANOS = 1e9;

    private final int[] micros;
    private final Map<Integer, Integer> statuses = new TreeMap<>();
    private int answered;
    private int failed;
    private String failure = "";
    private int sent;
    private long sendNanos;
    private long nanos;

    Answers(int total) {
        this.micros = new int[total];
    }

    void sent(long sinceStart) {
        sent++;
        sendNanos = sinceStart;
    }

    void answered(int status, long sinceDue) {
        micros[answered++] = (int) Math.min(Integer.MAX_VALUE, sinceDue / 1000);
        statuses.merge(status, 1, Integer::sum);
    }

    void failed(Throwable cause) {
        failed++;
        failure = String.valueOf(cause);
    }

    /** Nothing is added after this. */
    Answers ended(long sinceStart) {
        nanos = sinceStart;
        Arrays.sort(micros, 0, answered);
        return this;
    }

    /** In milliseconds, of those that were answered. */
    double percentile(double share) {
        return answered == 0 ? Double.NaN : micros[(int) Math.min(answered - 1L, (long) (answered * share))] / 1000.0;
    }

    int sent() {
        return sent;
    }

    /** Requests sent a second. */
    double sentRate() {
        return sent * NANOS / Math.max(1, sendNanos);
    }

    double answeredRate() {
        return answered * NANOS / Math.max(1, nanos);
    }

    double seconds() {
        return nanos / NANOS;
    }

    int count(int status) {
        return statuses.getOrDefault(status, 0);
    }

    /** Whether each request was sent, and answered with 200. */
    boolean areAllGood() {
        return count(200) == micros.length;
    }

    /** Statuses and how many of each, and what got no answer. */
    String summary() {
        String text = statuses.entrySet().stream()
                .map(entry -> "%d: %,d".formatted(entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(", "));
        int lost = micros.length - answered;
        return lost == 0 ? text : text + ", no answer: %,d (%,d failed %s)".formatted(lost, failed, failure);
    }
}

package ai.hokus.torii.telemetry;

import java.util.Locale;

/** How the numbers are written down; Prometheus prefers OpenMetrics, whose end is marked. */
public enum ScrapeFormat {
    /** Prometheus' text format 0.0.4, for whoever asks for nothing else. */
    TEXT("text/plain; version=0.0.4; charset=utf-8"),
    /** OpenMetrics 1.0.0. */
    OPEN_METRICS("application/openmetrics-text; version=1.0.0; charset=utf-8");

    private final String contentType;

    ScrapeFormat(String contentType) {
        this.contentType = contentType;
    }

    /** The value of the field {@code Content-Type}. */
    public String contentType() {
        return contentType;
    }

    /** What is asked for by a field {@code Accept} (RFC 9110 §12.5.1); null: there is none. */
    public static ScrapeFormat of(String accept) {
        String wanted = accept == null ? "" : accept.toLowerCase(Locale.ROOT);
        double open = quality(wanted, "application/openmetrics-text");
        return open > 0 && open >= quality(wanted, "text/plain") ? OPEN_METRICS : TEXT;
    }

    /** The best quality at which a media type is named; 0 when it is not. */
    private static double quality(String accept, String type) {
        double best = 0;
        for (String range : accept.split(",")) {
            String[] parts = range.trim().split("\\s*;\\s*", -1);
            if (parts[0].equals(type)) {
                best = Math.max(best, quality(parts));
            }
        }
        return best;
    }

    private static double quality(String[] parts) {
        for (String part : parts) {
            if (part.matches("q=[01](\\.\\d{0,3})?")) {
                return Double.parseDouble(part.substring(2));
            }
        }
        return 1;
    }
}

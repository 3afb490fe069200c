package ai.hokus.torii.cluster;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Kubernetes' quantities, and the sizes of a JVM's options, as numbers. */
final class Quantity {

    private static final Pattern FORM = Pattern.compile("([0-9.]+)([A-Za-z]*)");
    private static final Map<String, BigDecimal> UNITS = Map.ofEntries(
            Map.entry("", BigDecimal.ONE),
            Map.entry("m", new BigDecimal("0.001")),
            Map.entry("k", BigDecimal.valueOf(1_000)),
            Map.entry("M", BigDecimal.valueOf(1_000_000)),
            Map.entry("G", BigDecimal.valueOf(1_000_000_000)),
            Map.entry("Ki", BigDecimal.valueOf(1L << 10)),
            Map.entry("Mi", BigDecimal.valueOf(1L << 20)),
            Map.entry("Gi", BigDecimal.valueOf(1L << 30)));

    private Quantity() {}

    /** {@code 500m}, {@code 2}, {@code 512Mi}: cores or bytes; less than zero where there is nothing. */
    static BigDecimal of(Node quantity) {
        return quantity.isThere() ? parsed(quantity.text()) : BigDecimal.valueOf(-1);
    }

    /** {@code 256m} as the JVM means it: bytes. */
    static long ofJvm(String size) {
        String unit = size.replaceAll("[0-9]", "").toLowerCase(Locale.ROOT);
        String known = unit.isEmpty() ? "" : unit.equals("k") ? "Ki" : unit.equals("m") ? "Mi" : "Gi";
        return parsed(size.replaceAll("[^0-9]", "") + known).longValueExact();
    }

    private static BigDecimal parsed(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches() || !UNITS.containsKey(matcher.group(2))) {
            throw new IllegalArgumentException("no quantity: " + text);
        }
        return new BigDecimal(matcher.group(1)).multiply(UNITS.get(matcher.group(2)));
    }
}

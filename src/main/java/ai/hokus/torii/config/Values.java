package ai.hokus.torii.config;

import ai.hokus.torii.config.Settings.Setting;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The merged layers, read as typed values. A value that cannot be read becomes a problem and a stand-in is returned, so
 * that one pass finds all problems; the stand-ins never leave the loader.
 */
final class Values {

    /**
     * A value and where it came from.
     *
     * @param text the value as written
     * @param origin the environment name, or the file, or "default"
     * @param label what to call the setting when the value is wrong
     */
    record Value(String text, String origin, String label) {}

    private static final Map<String, Long> TIME_UNITS =
            Map.of("ms", 1L, "s", 1000L, "m", 60_000L, "h", 3_600_000L, "d", 86_400_000L);
    private static final Map<String, Long> SIZE_UNITS =
            Map.of("B", 1L, "KiB", 1L << 10, "MiB", 1L << 20, "GiB", 1L << 30, "TiB", 1L << 40);

    private static final String TIMES = "ms, s, m, h, d";
    private static final String SIZES = "B, KiB, MiB, GiB, TiB";

    private static final URI UNSET = URI.create("http://unset.invalid");
    private static final String CREDENTIAL =
            "must not hold a user or password; there are settings of their own for these";

    private final Map<String, Value> values;
    private final List<Problem> problems;
    private final Map<String, SettingForm> forms = new HashMap<>();

    Values(Map<String, Value> values, List<Problem> problems) {
        this.values = values;
        this.problems = problems;
    }

    void problem(String key, String message) {
        Value value = values.get(key);
        problems.add(
                new Problem(value != null ? value.label() : Settings.byKey(key).label(), message));
    }

    /** What each setting that was read so far may be, for the table of settings. */
    Map<String, SettingForm> forms() {
        return forms;
    }

    private void form(String key, SettingForm form) {
        forms.put(key, form);
    }

    boolean isSet(String key) {
        return values.containsKey(key);
    }

    Optional<String> text(String key) {
        Settings.byKey(key);
        forms.putIfAbsent(key, SettingForm.plain("text"));
        return Optional.ofNullable(values.get(key)).map(Value::text);
    }

    String required(String key, String remedy) {
        return text(key).orElseGet(() -> {
            problem(key, "is not set; " + remedy);
            return "";
        });
    }

    Optional<Secret> secret(String key) {
        form(key, SettingForm.plain("secret"));
        return text(key).map(Secret::new);
    }

    Optional<Path> path(String key) {
        form(key, SettingForm.plain("path"));
        return text(key).map(Path::of);
    }

    boolean bool(String key) {
        form(key, new SettingForm("true or false", "", "`true`, `false`"));
        String text = required(key, "write true or false").toLowerCase(Locale.ROOT);
        if (!text.equals("true") && !text.equals("false")) {
            problem(key, "must be true or false, but is '" + text + "'");
        }
        return text.equals("true");
    }

    /** A whole number; {@code unit} is what it counts, for the table of settings. */
    int integer(String key, String unit, int min, int max) {
        form(key, new SettingForm("number", unit, min + " to " + max));
        String text = required(key, "write a number");
        try {
            int number = Integer.parseInt(text.trim());
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            problem(key, "must be a whole number, but is '" + text + "'");
            return min;
        }
        problem(key, "must be between " + min + " and " + max + ", but is '" + text + "'");
        return min;
    }

    Duration duration(String key, Duration min, Duration max) {
        Setting setting = Settings.byKey(key);
        String unit = setting.takesBareSeconds() ? TIMES + "; in " + setting.alias() + " also s without it" : TIMES;
        form(key, new SettingForm("time", unit, brief(min) + " to " + brief(max)));
        String text = required(key, "write a time with its unit, e.g. 30s");
        boolean bare = setting.takesBareSeconds()
                && values.get(key) != null
                && values.get(key).label().equals(setting.alias());
        Optional<Long> millis = scaled(bare && isNumber(text) ? text + "s" : text, TIME_UNITS);
        if (millis.isEmpty()) {
            problem(
                    key,
                    "must be between " + brief(min) + " and " + brief(max) + ", but is '" + text + "'" + unit(text));
            return min;
        }
        Duration duration = Duration.ofMillis(millis.get());
        if (duration.compareTo(min) < 0 || duration.compareTo(max) > 0) {
            problem(key, "must be between " + brief(min) + " and " + brief(max) + ", but is '" + text + "'");
        }
        return duration;
    }

    long bytes(String key, long min, long max) {
        form(key, new SettingForm("size", SIZES, size(min) + " to " + size(max)));
        String text = required(key, "write a size with its unit, e.g. 64KiB");
        Optional<Long> bytes = scaled(text, SIZE_UNITS);
        if (bytes.isEmpty() || bytes.get() < min || bytes.get() > max) {
            String range = "must be between " + size(min) + " and " + size(max);
            problem(key, range + ", but is '" + text + "'" + (bytes.isEmpty() ? unit(text) : ""));
            return min;
        }
        return bytes.get();
    }

    /** The same, or {@link LimitsConfig#NONE} for the word none. */
    long bytesOrNone(String key, long min, long max) {
        boolean isNone = text(key).filter(text -> text.trim().equals("none")).isPresent();
        long bytes = isNone ? LimitsConfig.NONE : bytes(key, min, max);
        form(key, new SettingForm("size", SIZES, size(min) + " to " + size(max) + ", `none`"));
        return bytes;
    }

    <E extends Enum<E>> E choice(String key, Class<E> type) {
        form(key, new SettingForm("choice", "", "`" + names(type).replace(", ", "`, `") + "`"));
        String text = required(key, "write one of " + names(type));
        for (E value : type.getEnumConstants()) {
            if (name(value).equals(text)) {
                return value;
            }
        }
        problem(key, "must be one of " + names(type) + ", but is '" + text + "'");
        return type.getEnumConstants()[0];
    }

    /** An http or https address with a host; credentials, query and fragment in it are refused. */
    URI url(String key, String remedy) {
        form(key, new SettingForm("address", "", "http or https"));
        String text = required(key, remedy);
        return text.isEmpty() ? UNSET : url(key, text, remedy);
    }

    /** Several of them, separated by commas; at least one. */
    List<URI> urls(String key, String remedy) {
        List<String> texts = list(key);
        SettingForm form = new SettingForm("addresses", "", "http or https, separated by commas");
        if (texts.size() < 2) {
            URI url = url(key, remedy);
            form(key, form);
            return List.of(url);
        }
        form(key, form);
        if (texts.stream().anyMatch(text -> text.contains("@"))) {
            // A password may hold a comma: neither half of it may be printed.
            problem(key, CREDENTIAL);
            return List.of(UNSET);
        }
        List<URI> urls = texts.stream().map(text -> url(key, text, remedy)).toList();
        return urls.contains(UNSET) ? List.of(UNSET) : urls;
    }

    private URI url(String key, String text, String remedy) {
        try {
            URI uri = new URI(text);
            boolean http = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
            if (http
                    && uri.getHost() != null
                    && uri.getUserInfo() == null
                    && uri.getQuery() == null
                    && uri.getFragment() == null) {
                return uri;
            }
            // A host with an underscore parses as no host and no user, whatever stands before the '@'.
            if (uri.getUserInfo() != null
                    || String.valueOf(uri.getRawAuthority()).contains("@")) {
                problem(key, CREDENTIAL);
                return UNSET;
            }
        } catch (URISyntaxException e) {
            problem(key, "is not an address (" + e.getReason() + "); " + remedy);
            return UNSET;
        }
        problem(key, "must be an http:// or https:// address with a host, but is '" + text + "'; " + remedy);
        return UNSET;
    }

    List<String> list(String key) {
        form(key, new SettingForm("list", "", "separated by commas"));
        return text(key).stream()
                .flatMap(text -> Arrays.stream(text.split(",")))
                .map(String::trim)
                .filter(item -> !item.isEmpty())
                .toList();
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9' || c == '.');
    }

    private static String unit(String text) {
        return isNumber(text) ? " (no unit)" : "";
    }

    private static Optional<Long> scaled(String text, Map<String, Long> units) {
        String trimmed = text.trim();
        int digits = 0;
        while (digits < trimmed.length() && "0123456789.".indexOf(trimmed.charAt(digits)) >= 0) {
            digits++;
        }
        Long factor = units.get(trimmed.substring(digits).trim());
        if (factor == null || digits == 0) {
            return Optional.empty();
        }
        try {
            return Optional.of(new java.math.BigDecimal(trimmed.substring(0, digits))
                    .multiply(java.math.BigDecimal.valueOf(factor))
                    .longValueExact());
        } catch (ArithmeticException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static <E extends Enum<E>> String names(Class<E> type) {
        return Arrays.stream(type.getEnumConstants()).map(Values::name).collect(Collectors.joining(", "));
    }

    private static String brief(Duration duration) {
        long seconds = duration.toSeconds();
        if (duration.toMillis() % 1000 != 0) {
            return duration.toMillis() + "ms";
        }
        if (seconds >= 3600 && seconds % 3600 == 0) {
            return seconds / 3600 + "h";
        }
        return seconds >= 60 && seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
    }

    private static String size(long bytes) {
        List<String> units = new ArrayList<>(List.of("B", "KiB", "MiB", "GiB", "TiB"));
        long value = bytes;
        int unit = 0;
        while (value >= 1024 && value % 1024 == 0 && unit < units.size() - 1) {
            value /= 1024;
            unit++;
        }
        return value + units.get(unit);
    }
}

package ai.hokus.torii.config;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads {@code cors.origins}: origins as browsers write them (RFC 6454 §6.2), which are compared letter by letter. */
public final class CorsOrigins {

    /** Stands for every origin; in the list it stands alone. */
    public static final String ANY = "*";

    private static final String KEY = "cors.origins";
    private static final Pattern ORIGIN =
            Pattern.compile("[a-z][a-z0-9+.-]*://(?:[a-z0-9._~-]+|\\[[0-9a-f:.]+])(?::[0-9]{1,5})?");
    private static final Pattern DEFAULT_PORT = Pattern.compile("http://.*:80|https://.*:443");

    private CorsOrigins() {}

    static Set<String> read(Values values) {
        List<String> origins = values.list(KEY);
        if (origins.contains(ANY) && origins.size() > 1) {
            values.problem(KEY, "holds * and others; * alone allows every origin");
        }
        origins.forEach(
                origin -> objection(origin).ifPresent(what -> values.problem(KEY, "holds '" + origin + "', " + what)));
        return new LinkedHashSet<>(origins);
    }

    private static Optional<String> objection(String origin) {
        if (origin.equals(ANY)) {
            return Optional.empty();
        }
        if (origin.equals("null")) {
            return Optional.of("which any page can claim to be");
        }
        if (!ORIGIN.matcher(origin).matches()) {
            return Optional.of("but an origin is scheme://host or scheme://host:port in small letters, without a path"
                    + " or a slash at the end, e.g. https://app.example.com");
        }
        if (DEFAULT_PORT.matcher(origin).matches()) {
            return Optional.of("but browsers leave out the port that is the scheme's own");
        }
        return Optional.empty();
    }
}

package ai.hokus.torii.auth;

import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.identity.ApiKey;
import io.vertx.core.MultiMap;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Finds the API key in a request's header fields: {@code Authorization} with scheme Bearer, ApiKey or Basic, and
 * {@code X-API-Key}. A key in the query or a cookie is none.
 *
 * <p>Schemes compare without regard to case (RFC 9110 §11.1). Of Basic (RFC 7617) the password counts, or the user name
 * when the password is empty: MLflow's Python client sends {@code MLFLOW_TRACKING_USERNAME} and {@code _PASSWORD} so.
 */
public final class Credentials {

    private static final String KEY_FIELD = "X-API-Key";

    private Credentials() {}

    /**
     * The one key in these fields.
     *
     * @throws GatewayFailure key_missing when there is none, key_malformed when it cannot be one, credentials_conflict
     *     when two differ
     */
    public static ApiKey find(MultiMap headers) {
        List<String> found = new ArrayList<>(1);
        for (String value : headers.getAll("Authorization")) {
            fromAuthorization(value).ifPresent(found::add);
        }
        for (String value : headers.getAll(KEY_FIELD)) {
            if (!value.isBlank()) {
                found.add(value.trim());
            }
        }
        if (found.isEmpty()) {
            throw GatewayFailure.keyMissing();
        }
        String first = found.get(0);
        for (String other : found) {
            if (!other.equals(first)) {
                throw GatewayFailure.credentialsConflict();
            }
        }
        return ApiKey.parse(first).orElseThrow(GatewayFailure::keyMalformed);
    }

    /**
     * Where keys stand in these fields: names of fields and schemes, nothing of the keys.
     *
     * @return in the order they are looked for; empty when there is none
     */
    public static List<String> places(MultiMap headers) {
        List<String> places = new ArrayList<>(1);
        for (String value : headers.getAll("Authorization")) {
            if (fromAuthorization(value).isPresent()) {
                places.add("Authorization: " + scheme(value.trim()));
            }
        }
        if (headers.getAll(KEY_FIELD).stream().anyMatch(value -> !value.isBlank())) {
            places.add(KEY_FIELD);
        }
        return places;
    }

    private static String scheme(String authorization) {
        int space = authorization.indexOf(' ');
        return (space < 0 ? authorization : authorization.substring(0, space)).toLowerCase(Locale.ROOT);
    }

    /** The key in one Authorization value; empty when its scheme is none of ours or nothing follows it. */
    private static Optional<String> fromAuthorization(String value) {
        String trimmed = value.trim();
        int space = trimmed.indexOf(' ');
        String rest = space < 0 ? "" : trimmed.substring(space + 1).trim();
        if (rest.isEmpty()) {
            return Optional.empty();
        }
        return switch (scheme(trimmed)) {
            case "bearer", "apikey" -> Optional.of(rest);
            case "basic" -> fromBasic(rest);
            default -> Optional.empty();
        };
    }

    private static Optional<String> fromBasic(String encoded) {
        String decoded;
        try {
            decoded = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw GatewayFailure.keyMalformed();
        }
        int colon = decoded.indexOf(':');
        if (colon < 0) {
            throw GatewayFailure.keyMalformed();
        }
        String password = decoded.substring(colon + 1);
        String key = password.isEmpty() ? decoded.substring(0, colon) : password;
        return key.isEmpty() ? Optional.empty() : Optional.of(key);
    }
}

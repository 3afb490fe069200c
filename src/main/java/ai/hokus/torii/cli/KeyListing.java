package ai.hokus.torii.cli;

import ai.hokus.torii.auth.KeyFile.Key;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Shows the keys of a file to a person or a program: neither keys nor their digests. */
final class KeyListing {

    private static final String NONE = "-";
    private static final List<String> HEAD =
            List.of("KEY_ID", "STATE", "USER", "NAME", "CREATED", "EXPIRES", "RATE LIMIT", "SCOPES");

    private KeyListing() {}

    /** A table whose columns are as wide as their widest cell; times in UTC, to the second. */
    static void table(List<Key> keys, Instant now, PrintStream out) {
        List<List<String>> rows = new ArrayList<>(List.of(HEAD));
        keys.forEach(key -> rows.add(cells(key, now)));
        int[] widths = new int[HEAD.size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
            }
            out.println(line.toString().stripTrailing());
        }
    }

    private static List<String> cells(Key key, Instant now) {
        return List.of(
                cell(key.keyId()),
                KeyState.of(key, now).toString(),
                cell(key.userId()),
                cell(key.name()),
                created(key).map(KeyListing::seconds).orElse(NONE),
                key.expiresAt().map(KeyListing::seconds).orElse("never"),
                key.requestsPerHour().isPresent() ? key.requestsPerHour().getAsLong() + "/h" : "none",
                cell(String.join(",", key.scopes())));
    }

    /** Nothing that could end the line or steer the terminal. */
    private static String cell(String text) {
        return text.isBlank() ? NONE : text.replaceAll("\\p{Cntrl}", "?");
    }

    private static String seconds(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** The file need not say it. */
    private static Optional<Instant> created(Key key) {
        return Optional.of(key.createdAt()).filter(time -> !time.equals(Instant.EPOCH));
    }

    /** One JSON object a line, with the names of the key file's fields and {@code state}; null where there is none. */
    static void json(List<Key> keys, Instant now, PrintStream out) {
        for (Key key : keys) {
            OptionalLong limit = key.requestsPerHour();
            out.println(new JsonObject()
                    .put("key_id", key.keyId())
                    .put("state", KeyState.of(key, now).toString())
                    .put("user_id", key.userId())
                    .put("name", key.name())
                    .put("scopes", new JsonArray(List.copyOf(key.scopes())))
                    .put("rate_limit_per_hour", limit.isPresent() ? limit.getAsLong() : null)
                    .put("created_at", text(created(key)))
                    .put("expires_at", text(key.expiresAt()))
                    .put("revoked_at", text(key.revokedAt()))
                    .encode());
        }
    }

    private static String text(Optional<Instant> time) {
        return time.map(Instant::toString).orElse(null);
    }
}

package ai.hokus.torii.auth;

import ai.hokus.torii.auth.KeyFile.InvalidKeyFileException;
import ai.hokus.torii.auth.KeyFile.Key;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * One entry of a document of keys, read field by field.
 *
 * @param place where it stands, for messages
 * @param fields what stands there
 * @param quotes whether messages may quote the document; not when keys stand in it, for a key in the wrong field would
 *     be quoted too
 */
record KeyEntry(String place, Map<?, ?> fields, boolean quotes) {

    private static final int MAX_CHARACTERS = 64 << 20;
    private static final Set<String> FIELDS = Set.of(
            "key_id",
            "name",
            "sha256",
            "user_id",
            "scopes",
            "rate_limit_per_hour",
            "created_at",
            "expires_at",
            "revoked_at");

    /** The entries of the document's list {@code keys}, none of them judged yet; an empty document has none. */
    static List<KeyEntry> all(String text, boolean quotes) throws InvalidKeyFileException {
        Object document;
        try {
            LoaderOptions options = new LoaderOptions();
            options.setAllowDuplicateKeys(false);
            options.setCodePointLimit(MAX_CHARACTERS);
            document = new Yaml(new SafeConstructor(options)).load(text);
        } catch (YAMLException e) {
            throw new InvalidKeyFileException("is no YAML: " + why(e, quotes));
        }
        if (document == null) {
            return List.of();
        }
        if (!(document instanceof Map<?, ?> map) || !(map.get("keys") instanceof List<?> items)) {
            throw new InvalidKeyFileException("must hold one list named 'keys'");
        }
        List<KeyEntry> entries = new ArrayList<>();
        for (Object item : items) {
            String place = "keys[" + entries.size() + "]";
            if (!(item instanceof Map<?, ?> fields)) {
                throw new InvalidKeyFileException(place + " must be a map");
            }
            entries.add(new KeyEntry(place, fields, quotes));
        }
        return entries;
    }

    private static String why(YAMLException e, boolean quotes) {
        if (e instanceof MarkedYAMLException marked && marked.getProblemMark() != null) {
            String line = "line " + (marked.getProblemMark().getLine() + 1);
            return quotes ? line + ": " + marked.getProblem() : line;
        }
        return quotes ? String.valueOf(e.getMessage()).lines().findFirst().orElse("") : "it cannot be read";
    }

    /** The key that this entry of a key file is. */
    Key key() throws InvalidKeyFileException {
        refuseUnknown(Set.of());
        String digest = text("sha256").orElse("");
        if (!digest.matches("[0-9a-f]{64}")) {
            throw new InvalidKeyFileException(at("sha256") + " must be 64 hexadecimal digits in lower case, in quotes");
        }
        String keyId = text("key_id").orElse("");
        if (keyId.isBlank()) {
            throw new InvalidKeyFileException(at("key_id") + " is missing");
        }
        return new Key(
                keyId,
                text("name").orElse(""),
                digest,
                text("user_id").orElse(""),
                list("scopes"),
                number("rate_limit_per_hour"),
                time("created_at").orElse(Instant.EPOCH),
                time("expires_at"),
                time("revoked_at"));
    }

    /** A field's name with its place, for messages. */
    String at(String field) {
        return place + "." + field;
    }

    /** A misspelt field could be an expiry that nobody heeds. */
    void refuseUnknown(Set<String> alsoKnown) throws InvalidKeyFileException {
        for (Object field : fields.keySet()) {
            String name = String.valueOf(field);
            if (!FIELDS.contains(name) && !alsoKnown.contains(name)) {
                Set<String> known = new LinkedHashSet<>(alsoKnown);
                known.addAll(FIELDS);
                throw new InvalidKeyFileException(
                        (quotes ? at(name) + " is no field" : place + " has a field that is none") + "; known are "
                                + known);
            }
        }
    }

    /** The field as text, whatever YAML takes it for; empty when it is missing or null. */
    Optional<String> text(String field) {
        return Optional.ofNullable(fields.get(field)).map(String::valueOf);
    }

    private Set<String> list(String field) throws InvalidKeyFileException {
        Object value = fields.get(field);
        if (value == null) {
            return Set.of();
        }
        if (!(value instanceof List<?> items)) {
            throw new InvalidKeyFileException(at(field) + " must be a list");
        }
        Set<String> texts = new LinkedHashSet<>();
        items.forEach(item -> texts.add(String.valueOf(item)));
        return texts;
    }

    private OptionalLong number(String field) throws InvalidKeyFileException {
        Object value = fields.get(field);
        if (value == null) {
            return OptionalLong.empty();
        }
        boolean whole = value instanceof Integer || value instanceof Long;
        if (!whole || !(value instanceof Number number) || number.longValue() < 1) {
            throw new InvalidKeyFileException(at(field) + " must be a whole number above 0" + butIs(value));
        }
        return OptionalLong.of(number.longValue());
    }

    private Optional<Instant> time(String field) throws InvalidKeyFileException {
        Object value = fields.get(field);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof Date date) {
            return Optional.of(date.toInstant());
        }
        try {
            return Optional.of(Instant.parse(String.valueOf(value)));
        } catch (DateTimeParseException e) {
            throw new InvalidKeyFileException(at(field) + " must be a time like 2027-01-31T00:00:00Z" + butIs(value));
        }
    }

    private String butIs(Object value) {
        return quotes ? ", but is '" + value + "'" : "";
    }
}

package ai.hokus.torii.auth;

import ai.hokus.torii.identity.ApiKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.representer.Representer;

/**
 * The embedded key store: a YAML document of key digests. Only SHA-256 digests stand in it, so that who reads the file
 * has no key; keys are long and random, which makes a slow digest needless. Immutable.
 *
 * @param keys all keys, revoked ones too, in the order of their making
 */
public record KeyFile(List<Key> keys) {

    private static final String HEADER =
            "# Keys of Torii's embedded key store: digests only. Edit it with `torii keys`.\n";
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

    /** Copies the list. */
    public KeyFile {
        keys = List.copyOf(keys);
    }

    /**
     * One key.
     *
     * @param keyId its public name
     * @param name what its owner calls it
     * @param sha256 the digest of the key, 64 hexadecimal digits in lower case
     * @param userId its owner
     * @param scopes what it may do
     * @param requestsPerHour how often it may ask; empty: no limit
     * @param createdAt when it was made
     * @param expiresAt when it ends; empty: never
     * @param revokedAt when it was taken back; empty: it was not
     */
    public record Key(
            String keyId,
            String name,
            String sha256,
            String userId,
            Set<String> scopes,
            OptionalLong requestsPerHour,
            Instant createdAt,
            Optional<Instant> expiresAt,
            Optional<Instant> revokedAt) {}

    /** The file cannot be read; the message names the entry and the field. */
    public static final class InvalidKeyFileException extends Exception {

        private static final long serialVersionUID = 1L;

        InvalidKeyFileException(String message) {
            super(message);
        }
    }

    /** The digest by which a key is found. */
    public static String digest(ApiKey key) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(key.bytes()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Reads a document; an empty one holds no keys. */
    public static KeyFile parse(String text) throws InvalidKeyFileException {
        Object document;
        try {
            LoaderOptions options = new LoaderOptions();
            options.setAllowDuplicateKeys(false);
            options.setCodePointLimit(MAX_CHARACTERS);
            document = new Yaml(new SafeConstructor(options)).load(text);
        } catch (YAMLException e) {
            throw new InvalidKeyFileException("is no YAML: " + why(e));
        }
        if (document == null) {
            return new KeyFile(List.of());
        }
        if (!(document instanceof Map<?, ?> map) || !(map.get("keys") instanceof List<?> entries)) {
            throw new InvalidKeyFileException("must hold one list named 'keys'");
        }
        List<Key> keys = new ArrayList<>();
        for (int i = 0; i < entries.size(); i++) {
            if (!(entries.get(i) instanceof Map<?, ?> entry)) {
                throw new InvalidKeyFileException("keys[" + i + "] must be a map");
            }
            keys.add(key(new Entry("keys[" + i + "]", entry)));
        }
        refuseTwins(keys);
        return new KeyFile(keys);
    }

    /** Of two entries for one key, one could be revoked and the other let it in. */
    private static void refuseTwins(List<Key> keys) throws InvalidKeyFileException {
        Map<String, Integer> digests = new HashMap<>();
        Map<String, Integer> ids = new HashMap<>();
        for (int i = 0; i < keys.size(); i++) {
            Integer sameKey = digests.putIfAbsent(keys.get(i).sha256(), i);
            Integer sameId = ids.putIfAbsent(keys.get(i).keyId(), i);
            if (sameKey != null || sameId != null) {
                String what = sameKey != null ? "sha256 as keys[" + sameKey : "key_id as keys[" + sameId;
                throw new InvalidKeyFileException("keys[" + i + "] has the same " + what + "]; remove one of them");
            }
        }
    }

    private static String why(YAMLException e) {
        return e instanceof MarkedYAMLException marked && marked.getProblemMark() != null
                ? "line " + (marked.getProblemMark().getLine() + 1) + ": " + marked.getProblem()
                : String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private static Key key(Entry entry) throws InvalidKeyFileException {
        entry.refuseUnknown();
        String digest = entry.text("sha256").orElse("");
        if (!digest.matches("[0-9a-f]{64}")) {
            throw new InvalidKeyFileException(
                    entry.at("sha256") + " must be 64 hexadecimal digits in lower case, in quotes");
        }
        String keyId = entry.text("key_id").orElse("");
        if (keyId.isBlank()) {
            throw new InvalidKeyFileException(entry.at("key_id") + " is missing");
        }
        return new Key(
                keyId,
                entry.text("name").orElse(""),
                digest,
                entry.text("user_id").orElse(""),
                entry.list("scopes"),
                entry.number("rate_limit_per_hour"),
                entry.time("created_at").orElse(Instant.EPOCH),
                entry.time("expires_at"),
                entry.time("revoked_at"));
    }

    /** The document, as {@link #parse} reads it. */
    public String render() {
        List<Map<String, Object>> entries = new ArrayList<>();
        for (Key key : keys) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("key_id", key.keyId());
            entry.put("name", key.name());
            entry.put("sha256", key.sha256());
            entry.put("user_id", key.userId());
            entry.put("scopes", List.copyOf(key.scopes()));
            key.requestsPerHour().ifPresent(limit -> entry.put("rate_limit_per_hour", limit));
            entry.put("created_at", key.createdAt().toString());
            key.expiresAt().ifPresent(time -> entry.put("expires_at", time.toString()));
            key.revokedAt().ifPresent(time -> entry.put("revoked_at", time.toString()));
            entries.add(entry);
        }
        DumperOptions options = new DumperOptions();
        options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
        return HEADER + new Yaml(new Representer(options), options).dump(Map.of("keys", entries));
    }

    /** One entry of the list, read field by field. */
    private record Entry(String place, Map<?, ?> fields) {

        String at(String field) {
            return place + "." + field;
        }

        void refuseUnknown() throws InvalidKeyFileException {
            for (Object field : fields.keySet()) {
                if (!FIELDS.contains(String.valueOf(field))) {
                    throw new InvalidKeyFileException(at(String.valueOf(field)) + " is no field; known are " + FIELDS);
                }
            }
        }

        Optional<String> text(String field) {
            return Optional.ofNullable(fields.get(field)).map(String::valueOf);
        }

        Set<String> list(String field) throws InvalidKeyFileException {
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

        OptionalLong number(String field) throws InvalidKeyFileException {
            Object value = fields.get(field);
            if (value == null) {
                return OptionalLong.empty();
            }
            boolean whole = value instanceof Integer || value instanceof Long;
            if (!whole || !(value instanceof Number number) || number.longValue() < 1) {
                throw new InvalidKeyFileException(
                        at(field) + " must be a whole number above 0, but is '" + value + "'");
            }
            return OptionalLong.of(number.longValue());
        }

        Optional<Instant> time(String field) throws InvalidKeyFileException {
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
                throw new InvalidKeyFileException(
                        at(field) + " must be a time like 2027-01-31T00:00:00Z, but is '" + value + "'");
            }
        }
    }

    /** The document's bytes. */
    public byte[] bytes() {
        return render().getBytes(StandardCharsets.UTF_8);
    }
}

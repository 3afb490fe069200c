package ai.hokus.torii.auth;

import ai.hokus.torii.identity.ApiKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.representer.Representer;

/**
 * The embedded key store: a YAML document of key digests. Only SHA-256 digests stand in it, so that who reads the file
 * has no key; keys are long and random, which makes a slow digest needless. Immutable.
 *
 * <p>A document of ours names its end in its first line. One that was cut off in the middle could be YAML all the same,
 * with a key missing or the revocation of the last one.
 *
 * @param keys all keys, revoked ones too, in the order of their making
 */
public record KeyFile(List<Key> keys) {

    private static final String HEADER =
            "# Keys of Torii's embedded key store: digests only. Edit it with `torii keys`."
                    + " The last line says that it is whole.\n";
    private static final String END = "# end of keys\n";

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
        if (text.startsWith(HEADER) && !text.endsWith(END)) {
            throw new InvalidKeyFileException("must end with the line '" + END.trim()
                    + "', as its first line says: it is cut off, or something was added behind it");
        }
        List<Key> keys = new ArrayList<>();
        for (KeyEntry entry : KeyEntry.all(text, true)) {
            keys.add(entry.key());
        }
        refuseTwins(keys);
        return new KeyFile(keys);
    }

    /** As {@link #parse}, for a document that takes another one's place: nothing at all is no list that is empty. */
    static KeyFile parseNext(String text) throws InvalidKeyFileException {
        if (text.lines().allMatch(line -> line.isBlank() || line.startsWith("#") || line.startsWith("---"))) {
            throw new InvalidKeyFileException("holds nothing; to take all keys back, write 'keys: []'");
        }
        return parse(text);
    }

    /** Whether this text, however it was written and read, cannot be the beginning of a longer document. */
    static boolean isWhole(String text) {
        return text.startsWith(HEADER) && text.endsWith(END);
    }

    /** Of two entries for one key, one could be revoked and the other let it in. */
    static void refuseTwins(List<Key> keys) throws InvalidKeyFileException {
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
        return HEADER + new Yaml(new Representer(options), options).dump(Map.of("keys", entries)) + END;
    }

    /** The document's bytes. */
    public byte[] bytes() {
        return render().getBytes(StandardCharsets.UTF_8);
    }
}

package ai.hokus.torii.auth;

import ai.hokus.torii.auth.KeyFile.InvalidKeyFileException;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.identity.ApiKey;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads keys that come from elsewhere: a YAML or JSON document like a {@link KeyFile}, in which an entry may hold the
 * key itself as {@code key} in place of {@code sha256}, and no {@code key_id}. No message quotes the document.
 */
public final class KeyImport {

    private static final String KEY = "key";
    private static final String DIGEST = "sha256";
    private static final String ID = "key_id";
    private static final Pattern ESCAPED = Pattern.compile("\\\\.");

    private KeyImport() {}

    /**
     * All keys of the document, in its order, as they go into a key file.
     *
     * @param now when a key was made that does not say so
     * @throws InvalidKeyFileException when any entry is invalid, or two are the same key; the message names the entry
     */
    public static List<Key> parse(String text, Instant now) throws InvalidKeyFileException {
        List<Key> keys = new ArrayList<>();
        for (KeyEntry entry : KeyEntry.all(yaml(text), false)) {
            keys.add(key(entry, now));
        }
        if (keys.isEmpty()) {
            throw new InvalidKeyFileException("holds no keys");
        }
        KeyFile.refuseTwins(keys);
        return keys;
    }

    /** The parser of YAML reads JSON too, and refuses a name that stands twice; two things in JSON are none in it. */
    private static String yaml(String text) {
        try {
            new JsonObject(text);
        } catch (DecodeException e) {
            return text;
        }
        String noTabs = text.replace('\t', ' ');
        return ESCAPED.matcher(noTabs)
                .replaceAll(pair -> pair.group().equals("\\/") ? "/" : Matcher.quoteReplacement(pair.group()));
    }

    private static Key key(KeyEntry entry, Instant now) throws InvalidKeyFileException {
        entry.refuseUnknown(Set.of(KEY));
        Map<Object, Object> fields = new LinkedHashMap<>(entry.fields());
        Object plain = fields.remove(KEY);
        if ((plain == null) == (fields.get(DIGEST) == null)) {
            throw new InvalidKeyFileException(entry.place() + " must have one of 'key' and 'sha256'");
        }
        if (plain != null) {
            // A number in the document may have lost its leading zeros, or its digits.
            ApiKey key = (plain instanceof String text ? ApiKey.parse(text) : Optional.<ApiKey>empty())
                    .orElseThrow(() -> new InvalidKeyFileException(entry.at(KEY)
                            + " must be text of at most " + ApiKey.MAX_LENGTH
                            + " visible ASCII characters, without blanks and quotes"));
            fields.put(DIGEST, KeyFile.digest(key));
            if (isElsewhere(entry, key)) {
                throw new InvalidKeyFileException(entry.place() + " has the key in another field too, which is kept");
            }
        }
        if (entry.text(ID).isEmpty()) {
            fields.put(ID, UUID.randomUUID().toString());
        }
        if (fields.get("created_at") == null) {
            fields.put("created_at", now.toString());
        }
        return new KeyEntry(entry.place(), fields, entry.quotes()).key();
    }

    private static boolean isElsewhere(KeyEntry entry, ApiKey key) {
        return entry.fields().entrySet().stream()
                .anyMatch(field -> !KEY.equals(field.getKey())
                        && String.valueOf(field.getValue()).contains(key.reveal()));
    }
}

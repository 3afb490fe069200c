package ai.hokus.torii.cli;

import ai.hokus.torii.auth.AuthProbe;
import ai.hokus.torii.auth.KeyFile;
import ai.hokus.torii.auth.KeyFile.InvalidKeyFileException;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.identity.ApiKey;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;

/**
 * The keys on disk: each edit reads and replaces the file in one step under a lock, so that any number of editors lose
 * nothing and a running gateway never reads half a file. An edit that fails leaves the file as it was. Blocks; used by
 * commands.
 */
final class KeyStore {

    private static final String KEY_PREFIX = "hk_live_";

    private final Path file;

    KeyStore(Path file) {
        this.file = file.toAbsolutePath();
    }

    /** A key and its entry; the key is nowhere else. */
    record NewKey(ApiKey key, Key entry) {}

    /**
     * How a key is followed by another.
     *
     * @param now when
     * @param overlap how long the old key stays good; zero: it ends at once
     * @param expires when the new key ends; empty: when the old one would have
     */
    record Rotation(Instant now, Duration overlap, Optional<Instant> expires) {}

    /** Makes a key; it is in no file yet. */
    static NewKey newKey(
            String name,
            String user,
            Set<String> scopes,
            OptionalLong rateLimit,
            Instant now,
            Optional<Instant> expires) {
        ApiKey key = AuthProbe.randomKey(KEY_PREFIX);
        Key entry = new Key(
                UUID.randomUUID().toString(),
                name,
                KeyFile.digest(key),
                user,
                scopes,
                rateLimit,
                now,
                expires,
                Optional.empty());
        return new NewKey(key, entry);
    }

    /** All keys; none when there is no file yet. */
    KeyFile read() throws IOException {
        return read(file);
    }

    private KeyFile read(Path from) throws IOException {
        try {
            return KeyFile.parse(LockedFile.text(from));
        } catch (NoSuchFileException e) {
            return new KeyFile(List.of());
        } catch (InvalidKeyFileException e) {
            throw new IOException("'" + file + "' " + e.getMessage(), e);
        }
    }

    /** Adds a key. */
    void add(Key key) throws IOException {
        edit(keys -> keys.add(key));
    }

    /** Adds all of these keys or, when one of them or its key_id is already there, none; the message names it. */
    void addAll(List<Key> added) throws IOException {
        edit(keys -> {
            int before = keys.size();
            for (int i = 0; i < added.size(); i++) {
                Key next = added.get(i);
                for (Key old : keys.subList(0, before)) {
                    if (old.sha256().equals(next.sha256())) {
                        throw new IOException("keys[" + i + "] is already there: it is the key of key_id '"
                                + old.keyId() + "'; nothing was imported");
                    }
                    if (old.keyId().equals(next.keyId())) {
                        throw new IOException(
                                "keys[" + i + "].key_id '" + old.keyId() + "' is already there; nothing was imported");
                    }
                }
            }
            keys.addAll(added);
        });
    }

    /** Marks a key revoked; false when no key has this id. Revoking twice keeps the first time. */
    boolean revoke(String keyId, Instant now) throws IOException {
        if (find(read().keys(), keyId) < 0) {
            return false;
        }
        edit(keys -> {
            int at = find(keys, keyId);
            if (at >= 0 && keys.get(at).revokedAt().isEmpty()) {
                keys.set(at, ended(keys.get(at), keys.get(at).expiresAt(), Optional.of(now)));
            }
        });
        return true;
    }

    /**
     * Makes a key like this one and lets this one end after the overlap, never later than it would have; in one edit.
     *
     * @throws IOException when no key has this id, or it is revoked or expired
     */
    NewKey rotate(String keyId, Rotation how) throws IOException {
        living(read().keys(), keyId, how.now());
        NewKey[] made = new NewKey[1];
        edit(keys -> {
            int at = living(keys, keyId, how.now());
            Key old = keys.get(at);
            made[0] = newKey(
                    old.name(),
                    old.userId(),
                    old.scopes(),
                    old.requestsPerHour(),
                    how.now(),
                    how.expires().or(old::expiresAt));
            Instant end = how.now().plus(how.overlap());
            keys.set(
                    at,
                    ended(old, Optional.of(old.expiresAt().filter(end::isAfter).orElse(end)), Optional.empty()));
            keys.add(made[0].entry());
        });
        return made[0];
    }

    private static int living(List<Key> keys, String keyId, Instant now) throws IOException {
        int at = find(keys, keyId);
        if (at < 0) {
            throw new IOException("no key has key_id '" + keyId + "'");
        }
        KeyState state = KeyState.of(keys.get(at), now);
        if (state != KeyState.ACTIVE) {
            throw new IOException("key_id '" + keyId + "' is " + state
                    + " and has no successor; make a new key: torii keys" + " create");
        }
        return at;
    }

    private static int find(List<Key> keys, String keyId) {
        for (int i = 0; i < keys.size(); i++) {
            if (keys.get(i).keyId().equals(keyId)) {
                return i;
            }
        }
        return -1;
    }

    private static Key ended(Key key, Optional<Instant> expires, Optional<Instant> revoked) {
        return new Key(
                key.keyId(),
                key.name(),
                key.sha256(),
                key.userId(),
                key.scopes(),
                key.requestsPerHour(),
                key.createdAt(),
                expires,
                revoked);
    }

    /** A change of the list; when it fails, nothing is written. */
    private interface Edit {
        void apply(List<Key> keys) throws IOException;
    }

    private void edit(Edit edit) throws IOException {
        LockedFile.replace(file, target -> {
            List<Key> keys = new ArrayList<>(read(target).keys());
            edit.apply(keys);
            return new KeyFile(keys).bytes();
        });
    }
}

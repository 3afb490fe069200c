package ai.hokus.torii.cli;

import ai.hokus.torii.auth.AuthProbe;
import ai.hokus.torii.auth.KeyFile;
import ai.hokus.torii.auth.KeyFile.InvalidKeyFileException;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.identity.ApiKey;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * The key file on disk: read, and replaced in one step under a lock beside it, so that two editors lose nothing and a
 * running gateway never reads half a file. Blocks; used by commands.
 */
final class KeyStore {

    private static final String KEY_PREFIX = "hk_live_";

    private final Path file;

    KeyStore(Path file) {
        this.file = file.toAbsolutePath();
    }

    /** A key and its entry; the key is nowhere else. */
    record NewKey(ApiKey key, Key entry) {}

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
    KeyFile read() throws IOException, InvalidKeyFileException {
        try {
            return Files.exists(file) ? KeyFile.parse(Files.readString(file)) : new KeyFile(List.of());
        } catch (InvalidKeyFileException e) {
            throw new IOException("'" + file + "' " + e.getMessage(), e);
        }
    }

    void add(Key key) throws IOException, InvalidKeyFileException {
        replace(keys -> {
            keys.add(key);
            return keys;
        });
    }

    /** Marks a key revoked; false when no key has this id. Revoking twice keeps the first time. */
    boolean revoke(String keyId, Instant now) throws IOException, InvalidKeyFileException {
        if (read().keys().stream().noneMatch(key -> key.keyId().equals(keyId))) {
            return false;
        }
        replace(keys -> {
            keys.replaceAll(key -> key.keyId().equals(keyId) && key.revokedAt().isEmpty() ? revoked(key, now) : key);
            return keys;
        });
        return true;
    }

    private static Key revoked(Key key, Instant now) {
        return new Key(
                key.keyId(),
                key.name(),
                key.sha256(),
                key.userId(),
                key.scopes(),
                key.requestsPerHour(),
                key.createdAt(),
                key.expiresAt(),
                Optional.of(now));
    }

    private void replace(UnaryOperator<List<Key>> edit) throws IOException, InvalidKeyFileException {
        Files.createDirectories(file.getParent());
        Path lockFile = file.resolveSibling(file.getFileName() + ".lock");
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            KeyFile edited = new KeyFile(edit.apply(new ArrayList<>(read().keys())));
            Path next =
                    Files.createTempFile(file.getParent(), file.getFileName().toString(), ".new", ownerOnly());
            Files.write(next, edited.bytes());
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            assert lock.isValid();
        }
    }

    private FileAttribute<?>[] ownerOnly() throws IOException {
        boolean posix = Files.getFileStore(file.getParent()).supportsFileAttributeView("posix");
        return posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
    }
}

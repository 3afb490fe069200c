package ai.hokus.torii.cli;

import ai.hokus.torii.identity.ApiKey;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The folder that a quickstart keeps between its runs: MLflow's data and the key file {@code keys.yaml}. One quickstart
 * at a time has it, because each revokes its predecessor's key and SQLite suits one server.
 */
final class QuickstartFolder {
    private static final String NAME = "quickstart";
    private static final Set<String> SCOPES = Set.of("mlflow:write", "mlflow:delete");

    private final Path folder;
    private final FileChannel lock;

    private QuickstartFolder(Path folder, FileChannel lock) {
        this.folder = folder;
        this.lock = lock;
    }

    /** Where it is unless the user says otherwise, by the XDG base directory specification. */
    static Path standard(Map<String, String> environment) {
        var xdg = Path.of(environment.getOrDefault("XDG_DATA_HOME", ""));
        var home = environment.getOrDefault("HOME", System.getProperty("user.home"));
        // A relative path is invalid there and ignored.
        var data = xdg.isAbsolute() ? xdg : Path.of(home, ".local", "share").toAbsolutePath();
        return data.resolve("torii").resolve(NAME);
    }

    /** Makes the folder if need be and takes it for this process, until {@link #close}. */
    static QuickstartFolder take(Path folder) throws IOException {
        var absolute = folder.toAbsolutePath().normalize();
        var channel = openLock(absolute);
        if (channel.tryLock() == null) {
            channel.close();
            throw new IOException(
                    "another quickstart runs on " + absolute + "; end it, or name another folder: --data");
        }
        return new QuickstartFolder(absolute, channel);
    }

    private static FileChannel openLock(Path folder) throws IOException {
        try {
            Files.createDirectories(folder);
            return FileChannel.open(
                    folder.resolve("quickstart.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (FileSystemException e) {
            // Its message is a path alone, its name says what is wrong with that.
            throw new IOException("the folder " + folder + " cannot be used; name another one: --data; " + e, e);
        }
    }

    /** Its path, absolute. */
    Path path() {
        return folder;
    }

    /** The key file; it exists after {@link #renewKey}. */
    Path keyFile() {
        return folder.resolve("keys.yaml");
    }

    /** Makes the key of this run and revokes those of earlier runs, whose text nobody can print again. */
    ApiKey renewKey(Instant now) throws IOException {
        var store = new KeyStore(keyFile());
        for (var old : store.read().keys()) {
            if (old.name().equals(NAME) && old.revokedAt().isEmpty()) {
                store.revoke(old.keyId(), now);
            }
        }
        var created = KeyStore.newKey(NAME, NAME, SCOPES, OptionalLong.empty(), now, Optional.empty());
        store.add(created.entry());
        return created.key();
    }

    /** Lets another process have it. */
    void close() throws IOException {
        lock.close();
    }
}

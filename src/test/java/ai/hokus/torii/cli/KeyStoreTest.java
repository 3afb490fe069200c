package ai.hokus.torii.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.auth.KeyFile;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.identity.ApiKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file on disk: who may read it, what lies beside it, and several writers at once. */
class KeyStoreTest {

    @TempDir
    private Path folder;

    private Path file() {
        return folder.resolve("sub/keys.yaml");
    }

    private static Key newKey(String user) {
        return KeyStore.newKey("", user, Set.of("mlflow:read"), OptionalLong.empty(), Instant.EPOCH, Optional.empty())
                .entry();
    }

    @Test
    void letsNobodyButTheOwnerReadTheFileAndLeavesNoOtherCopy() throws Exception {
        // Given
        KeyStore store = new KeyStore(file());
        store.add(newKey("ada"));

        // When
        store.add(newKey("bob"));

        // Then
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
                .isEqualTo("rw-------");
        try (var files = Files.list(file().getParent())) {
            assertThat(files.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("keys.yaml", "keys.yaml.lock");
        }
        assertThat(Files.size(file().resolveSibling("keys.yaml.lock"))).isZero();
    }

    @Test
    void closesAFileThatOthersCouldReadAsSoonAsItIsEdited() throws Exception {
        // Given
        KeyStore store = new KeyStore(file());
        store.add(newKey("ada"));
        Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-r--r--"));

        // When
        store.add(newKey("bob"));

        // Then
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
                .isEqualTo("rw-------");
        assertThat(store.read().keys()).extracting(Key::userId).containsExactly("ada", "bob");
    }

    @Test
    void losesNothingWhenSeveralProcessesCreateAtOnce() throws Exception {
        // Given
        int processes = 4;
        List<ChildJvm> children = new ArrayList<>();

        // When
        for (int i = 0; i < processes; i++) {
            children.add(ChildJvm.start(Map.of(), "keys", "create", "-f", file().toString(), "--user", "user-" + i));
        }

        // Then
        List<String> digests = new ArrayList<>();
        for (ChildJvm child : children) {
            ChildJvm.Ended ended = child.end();
            assertThat(ended.exitCode()).as(ended.err()).isZero();
            digests.add(KeyFile.digest(ApiKey.parse(ended.out().trim()).orElseThrow()));
        }
        assertThat(new KeyStore(file()).read().keys())
                .extracting(Key::sha256)
                .containsExactlyInAnyOrderElementsOf(digests);
    }
}

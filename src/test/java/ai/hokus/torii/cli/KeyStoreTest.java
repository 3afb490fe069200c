package ai.hokus.torii.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.hokus.torii.auth.KeyFile;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.identity.ApiKey;
import java.io.IOException;
import java.nio.file.FileSystemLoopException;
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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
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

    private static List<String> users(KeyStore store) throws Exception {
        return store.read().keys().stream().map(Key::userId).toList();
    }

    private List<String> names() throws Exception {
        try (var files = Files.list(file().getParent())) {
            return files.map(path -> path.getFileName().toString()).toList();
        }
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
        assertThat(names()).containsExactlyInAnyOrder("keys.yaml", "keys.yaml.lock");
        assertThat(Files.size(file().resolveSibling("keys.yaml.lock"))).isZero();
    }

    @Test
    void keepsThePermissionsOfAFileThatIsThere() throws Exception {
        // Given
        KeyStore store = new KeyStore(file());
        store.add(newKey("ada"));
        Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-r-----"));

        // When
        store.add(newKey("bob"));

        // Then
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
                .isEqualTo("rw-r-----");
        assertThat(users(store)).containsExactly("ada", "bob");
    }

    @Test
    void replacesWhatALinkPointsToAndKeepsTheLink() throws Exception {
        // Given a link to a link to a file in another folder
        KeyStore store = new KeyStore(file());
        store.add(newKey("ada"));
        Path middle = Files.createSymbolicLink(folder.resolve("middle.yaml"), Path.of("sub/keys.yaml"));
        Path link = Files.createSymbolicLink(folder.resolve("link.yaml"), middle);

        // When
        new KeyStore(link).add(newKey("bob"));

        // Then
        assertThat(link).isSymbolicLink();
        assertThat(middle).isSymbolicLink();
        assertThat(users(store)).containsExactly("ada", "bob");
        assertThat(folder.resolve("link.yaml.lock")).doesNotExist();
    }

    @Test
    void goesThroughLinksToFolders() throws Exception {
        // Given keys.yaml -> ..data/keys.yaml and ..data -> a folder
        Files.createDirectory(folder.resolve("v1"));
        Files.createSymbolicLink(folder.resolve("..data"), Path.of("v1"));
        Path link = Files.createSymbolicLink(folder.resolve("keys.yaml"), Path.of("..data/keys.yaml"));

        // When
        new KeyStore(link).add(newKey("ada"));

        // Then
        assertThat(users(new KeyStore(folder.resolve("v1/keys.yaml")))).containsExactly("ada");
    }

    @Test
    void editsAFileThatIsForReadingAloneAgainAndAgain() throws Exception {
        // Given
        KeyStore store = new KeyStore(file());
        store.add(newKey("ada"));
        Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("r--r-----"));
        store.add(newKey("bob"));

        // When
        store.add(newKey("eve"));

        // Then
        assertThat(users(store)).containsExactly("ada", "bob", "eve");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
                .isEqualTo("r--r-----");
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(file().resolveSibling("keys.yaml.lock"))))
                .isEqualTo("rw-rw----");
    }

    /** A way to give a file another name. */
    private interface Linking {
        void link(Path name, Path file) throws IOException;
    }

    /** A folder whose owner has put somebody else's file where the lock belongs; that file. */
    private Path putInPlaceOfTheLock(KeyStore store, Linking linking) throws Exception {
        store.add(newKey("ada"));
        Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-r--r--"));
        Path foreign = Files.writeString(folder.resolve("foreign"), "secret");
        Files.setPosixFilePermissions(foreign, PosixFilePermissions.fromString("rw-------"));
        Path lock = file().resolveSibling("keys.yaml.lock");
        Files.delete(lock);
        linking.link(lock, foreign);
        return foreign;
    }

    @Test
    void neitherFollowsNorGivesAwayALockThatIsALink() throws Exception {
        // Given
        KeyStore store = new KeyStore(file());
        Path foreign = putInPlaceOfTheLock(store, Files::createSymbolicLink);

        // When
        Throwable refusal = catchThrowable(() -> store.add(newKey("bob")));

        // Then
        assertThat(refusal).hasMessageContaining("keys.yaml.lock' is no regular file");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(foreign)))
                .isEqualTo("rw-------");
        assertThat(users(store)).containsExactly("ada");
    }

    @Test
    void givesNoLockAwayThatHasAnotherName() throws Exception {
        // Given
        KeyStore store = new KeyStore(file());
        Path foreign = putInPlaceOfTheLock(store, Files::createLink);

        // When
        store.add(newKey("bob"));

        // Then
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(foreign)))
                .isEqualTo("rw-------");
    }

    @Test
    void keepsTheOwnerSoThatTheGatewayCanReadWhatRootEdits() throws Exception {
        // Given
        KeyStore store = new KeyStore(file());
        store.add(newKey("ada"));
        int self = (int) Files.getAttribute(file(), "unix:uid");
        // Only root may give a file away; anybody else's stays its own.
        int owner = self == 0 ? 12345 : self;
        int group = self == 0 ? 12346 : (int) Files.getAttribute(file(), "unix:gid");
        Files.setAttribute(file(), "unix:uid", owner);
        Files.setAttribute(file(), "unix:gid", group);

        // When
        store.add(newKey("bob"));

        // Then
        for (Path path : List.of(file(), file().resolveSibling("keys.yaml.lock"))) {
            assertThat(Files.getAttribute(path, "unix:uid")).isEqualTo(owner);
            assertThat(Files.getAttribute(path, "unix:gid")).isEqualTo(group);
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
                .isEqualTo("rw-------");
    }

    @Test
    void makesTheFileThatALinkPointsToWhenItIsNotThere() throws Exception {
        // Given
        Path link = Files.createSymbolicLink(folder.resolve("link.yaml"), Path.of("sub/keys.yaml"));

        // When
        new KeyStore(link).add(newKey("ada"));

        // Then
        assertThat(link).isSymbolicLink();
        assertThat(users(new KeyStore(file()))).containsExactly("ada");
    }

    @Test
    void endsWithAMessageOnLinksThatLeadInARing() throws Exception {
        // Given
        Path one = Files.createSymbolicLink(folder.resolve("one"), Path.of("two"));
        Files.createSymbolicLink(folder.resolve("two"), Path.of("one"));

        // When
        Throwable failure = catchThrowable(() -> new KeyStore(one).add(newKey("ada")));

        // Then
        assertThat(failure).isInstanceOf(FileSystemLoopException.class);
    }

    @Test
    void leavesNothingBehindWhenTheFileCannotBeReplaced() throws Exception {
        // Given a folder where the file should be
        Files.createDirectories(file().resolve("in-the-way"));

        // When
        Throwable failure = catchThrowable(() -> LockedFile.replace(file(), target -> new byte[] {1}));

        // Then
        assertThat(failure).isInstanceOf(IOException.class);
        assertThat(names()).containsExactlyInAnyOrder("keys.yaml", "keys.yaml.lock");
    }

    @Test
    void writesNothingWhenAnEditFails() throws Exception {
        // Given
        KeyStore store = new KeyStore(file());
        Key ada = newKey("ada");
        store.add(ada);
        String before = Files.readString(file());

        // When
        Throwable failure = catchThrowable(() -> store.addAll(List.of(newKey("bob"), ada)));

        // Then
        assertThat(failure)
                .hasMessage("keys[1] is already there: it is the key of key_id '" + ada.keyId()
                        + "'; nothing was imported");
        assertThat(file()).hasContent(before);
        assertThat(names()).containsExactlyInAnyOrder("keys.yaml", "keys.yaml.lock");
    }

    @Test
    void losesNothingWhenThreadsEditAtOnceByDifferentNames() throws Exception {
        // Given
        int threads = 8;
        int edits = 10;
        Files.createDirectories(file().getParent());
        Path link = Files.createSymbolicLink(folder.resolve("link.yaml"), Path.of("sub/keys.yaml"));
        ExecutorService editors = Executors.newFixedThreadPool(threads);
        List<Future<?>> ends = new ArrayList<>();

        // When
        for (int i = 0; i < threads; i++) {
            int thread = i;
            ends.add(editors.submit(() -> {
                KeyStore store = new KeyStore(thread % 2 == 0 ? file() : link);
                for (int edit = 0; edit < edits; edit++) {
                    Key key = newKey(thread + "." + edit);
                    store.add(key);
                    store.revoke(key.keyId(), Instant.EPOCH);
                }
                return null;
            }));
        }

        // Then
        for (Future<?> end : ends) {
            end.get(30, TimeUnit.SECONDS);
        }
        editors.shutdown();
        assertThat(new KeyStore(file()).read().keys())
                .hasSize(threads * edits)
                .allSatisfy(key -> assertThat(key.revokedAt()).isPresent())
                .extracting(Key::userId)
                .doesNotHaveDuplicates();
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

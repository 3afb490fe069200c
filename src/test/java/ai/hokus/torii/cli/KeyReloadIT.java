package ai.hokus.torii.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.auth.KeyFile;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A key that is good all the time is never refused, whatever happens to the file it stands in. */
@ExtendWith(VertxExtension.class)
class KeyReloadIT {

    private static final String SEARCH = "/api/mlflow/api/2.0/mlflow/experiments/search";
    private static final int CALLERS = 3;
    private static final int EDITS = 60;

    @TempDir
    private Path folder;

    private final Map<Integer, AtomicInteger> statuses = new ConcurrentHashMap<>();
    private final AtomicBoolean ended = new AtomicBoolean();
    private final List<Thread> callers = new ArrayList<>();
    private KeyStore.NewKey steady;
    private TestGateway gateway;

    @BeforeEach
    void makesAKey() {
        steady = key("steady");
    }

    @AfterEach
    void stops() throws Exception {
        end();
        gateway.stop();
    }

    private static KeyStore.NewKey key(String user) {
        return KeyStore.newKey("", user, Set.of("mlflow:read"), OptionalLong.empty(), Instant.now(), Optional.empty());
    }

    private Path file() {
        return folder.resolve("keys.yaml");
    }

    /** The steady key as the last of some entries, so that a part of the file lacks it. */
    private KeyFile file(int others) {
        List<Key> keys = new ArrayList<>();
        for (int i = 0; i < others; i++) {
            keys.add(key("other-" + i).entry());
        }
        keys.add(steady.entry());
        return new KeyFile(keys);
    }

    /** Starts the gateway on the file, and callers that ask as fast as they are answered. */
    private void load(Vertx vertx, String interval) throws Exception {
        StubServer mlflow = StubServer.start(vertx);
        Map<String, String> environment = TestGateway.environment(mlflow.url(), null);
        environment.put("TORII_AUTH_FILE_PATH", file().toString());
        environment.put("TORII_AUTH_FILE_RELOAD_INTERVAL", interval);
        gateway = TestGateway.start(vertx, environment);
        for (int i = 0; i < CALLERS; i++) {
            Thread caller = new Thread(this::call, "caller-" + i);
            callers.add(caller);
            caller.start();
        }
        awaitCalls(CALLERS);
    }

    private void call() {
        while (!ended.get()) {
            int status;
            try {
                status = gateway.get(SEARCH, steady.key().reveal()).statusCode();
            } catch (Exception e) {
                status = -1;
            }
            statuses.computeIfAbsent(status, key -> new AtomicInteger()).incrementAndGet();
        }
    }

    private int calls() {
        return statuses.values().stream().mapToInt(AtomicInteger::get).sum();
    }

    private void awaitCalls(int more) {
        int wanted = calls() + more;
        Await.until("more calls", () -> calls() >= wanted);
    }

    private void end() throws Exception {
        ended.set(true);
        for (Thread caller : callers) {
            caller.join(10_000);
        }
    }

    private int statusOf(KeyStore.NewKey key) {
        try {
            return gateway.get(SEARCH, key.key().reveal()).statusCode();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private double reloads() {
        try {
            return gateway.manage("/metrics")
                    .bodyAsString()
                    .lines()
                    .filter(line -> line.startsWith("torii_key_file_reloads_total"))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                    .sum();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private void assertThatNoneWasRefused() throws Exception {
        end();
        assertThat(statuses).containsOnlyKeys(200);
        assertThat(calls()).isGreaterThan(EDITS);
    }

    @Test
    void refusesNothingWhileTheCommandsEditTheFile(Vertx vertx) throws Exception {
        // Given
        KeyStore store = new KeyStore(file());
        store.add(steady.entry());
        load(vertx, "100ms");

        // When
        for (int i = 0; i < EDITS; i++) {
            KeyStore.NewKey made = key("user-" + i);
            store.add(made.entry());
            store.revoke(made.entry().keyId(), Instant.now());
            awaitCalls(1);
        }
        KeyStore.NewKey last = store.rotate(
                steady.entry().keyId(), new KeyStore.Rotation(Instant.now(), Duration.ofHours(1), Optional.empty()));

        // Then
        Await.until("the last edit is in force", () -> statusOf(last) == 200);
        assertThatNoneWasRefused();
        assertThat(reloads()).isGreaterThan(3);
    }

    @Test
    void refusesNothingWhileAFolderIsSwappedBehindALink(Vertx vertx) throws Exception {
        // Given keys.yaml -> ..data/keys.yaml and ..data -> a folder, as Kubernetes mounts a Secret
        Files.createSymbolicLink(file(), Path.of("..data/keys.yaml"));
        swap("v0", file(0));
        load(vertx, "100ms");

        // When
        for (int i = 1; i <= EDITS; i++) {
            swap("v" + i, file(i % 7));
            awaitCalls(1);
        }
        KeyStore.NewKey last = key("last");
        swap("last", new KeyFile(List.of(last.entry(), steady.entry())));

        // Then
        Await.until("the last swap is in force", () -> statusOf(last) == 200);
        assertThatNoneWasRefused();
    }

    private void swap(String version, KeyFile content) throws Exception {
        Path data = Files.createDirectory(folder.resolve(version));
        Files.write(data.resolve("keys.yaml"), content.bytes());
        Path next = Files.createSymbolicLink(folder.resolve("..data_tmp"), Path.of(version));
        Files.move(next, folder.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
    }

    @Test
    void refusesNothingWhileTheFileIsTruncatedAndWrittenInPlace(Vertx vertx) throws Exception {
        // Given
        Files.write(file(), file(20).bytes());
        load(vertx, "100ms");

        // When it is written anew in two parts, cut where an entry ends
        for (int i = 0; i < 10; i++) {
            String text = file(20).render();
            int cut = text.indexOf("- key_id", text.length() * i / 12);
            writeInPlace(text, cut);
        }

        // Then
        KeyStore.NewKey last = key("last");
        Files.write(file(), new KeyFile(List.of(last.entry(), steady.entry())).bytes());
        Await.until("the last content is in force", () -> statusOf(last) == 200);
        assertThatNoneWasRefused();
    }

    @Test
    void refusesNothingWhileAFileByOtherHandsIsWrittenInPlace(Vertx vertx) throws Exception {
        // Given a file that does not say where it ends, looked at so seldom that two looks never find the same part
        String steadyEntry = "- {key_id: steady, sha256: '" + steady.entry().sha256()
                + "', user_id: steady, scopes: ['mlflow:read']}\n";
        Files.writeString(file(), "keys:\n" + steadyEntry);
        load(vertx, "500ms");
        double before = reloads();
        long end = System.nanoTime() + 3_000_000_000L;

        // When it is a part of itself for most of the time
        while (System.nanoTime() < end) {
            try (RandomAccessFile open = new RandomAccessFile(file().toFile(), "rw")) {
                open.setLength(0);
                open.writeBytes("keys:\n- {key_id: other, sha256: '"
                        + key("other").entry().sha256() + "'}\n");
                awaitCalls(1);
                open.writeBytes(steadyEntry);
            }
        }

        // Then
        Await.until("the last content is in force", () -> reloads() > before);
        assertThatNoneWasRefused();
        Files.writeString(file(), "keys: []\n");
        Await.until("the empty list is in force", () -> statusOf(steady) == 401);
    }

    /** Truncates, writes the first part, and goes on when the gateway has certainly looked at it. */
    private void writeInPlace(String text, int cut) throws Exception {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try (RandomAccessFile open = new RandomAccessFile(file().toFile(), "rw")) {
            open.setLength(0);
            awaitLooks();
            open.write(bytes, 0, cut);
            awaitLooks();
            open.write(bytes, cut, bytes.length - cut);
        }
        awaitLooks();
    }

    /** Several times the reload interval, counted in time because the gateway tells nobody of a look. */
    private void awaitLooks() {
        long end = System.nanoTime() + 250_000_000L;
        Await.until("some looks", () -> System.nanoTime() > end);
        awaitCalls(1);
    }
}

package ai.hokus.torii;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.cli.MlflowProcess;
import ai.hokus.torii.support.LoggedErrors;
import ai.hokus.torii.support.Pace;
import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.PythonDialogue;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whenever the real client dies, its artifact is in MLflow's store whole or not at all, and nothing stays behind. */
@Tag("mlflow")
class KilledClientIT {

    private static final String KEY = "hk_test_Zq7TestOnlyTestOnlyTestOnly0123";
    private static final long SEED = 20_250_101;
    private static final int KILLS = 30;
    private static final int FILE_MIB = 64;
    /** The name MLflow 3.17 gives a file it is still writing; its API does not list such files. */
    private static final String UNFINISHED = ".artifact.uploading.";

    @TempDir
    private Path data;

    private Vertx vertx;
    private MlflowProcess mlflow;
    private TestGateway gateway;
    private JsonObject file;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        mlflow = RealMlflow.startOwn(MlflowProcess.Options.in(data));
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        gateway = TestGateway.start(vertx, TestGateway.environment(mlflow.uri().toString(), auth.url()));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
        mlflow.close();
        vertx.close().await(10, SECONDS);
    }

    @Test
    void leavesAnArtifactWholeOrAbsentWheneverTheUploadingClientIsKilled() throws Exception {
        PythonClient python =
                PythonClient.current().at(gateway.url() + "/api/mlflow").token(KEY);
        try (LoggedErrors leaks = LoggedErrors.of("io.netty.util.ResourceLeakDetector");
                PythonDialogue client = python.start("killable_uploads.py", Integer.toString(FILE_MIB))) {
            // Given a client whose uploads arrive when nobody kills it
            file = client.hear();
            client.tell(uri("unharmed"));
            client.hear();
            assertThat(client.hear().getInteger("ended")).isZero();
            assertThat(isWhole("unharmed")).isTrue();

            // When
            Random moments = new Random(SEED);
            StringJoiner report = new StringJoiner(", ");
            int whole = 0;
            for (int i = 0; i < KILLS; i++) {
                // below 0: before the first byte is stored; from 1 on: when the last one is
                double moment = moments.nextDouble() * 1.2 - 0.1;
                String folder = "killed-" + i;
                killAt(moment, folder, client);
                await("the gateway and MLflow have ended " + folder, () -> inFlight() == 0 && unfinished(folder) < 0);
                boolean isWhole = isWhole(folder);
                whole += isWhole ? 1 : 0;
                report.add("%.0f %% %s".formatted(100 * moment, isWhole ? "whole" : "absent"));
            }

            // Then
            System.out.printf(
                    "%d killed uploads of %d MiB (seed %d): %d absent, %d whole: %s%n",
                    KILLS, FILE_MIB, SEED, KILLS - whole, whole, report);
            assertThat(KILLS - whole).as("kills that came in time").isGreaterThan(KILLS / 3);
            for (int i = 0; i < KILLS; i++) {
                isWhole("killed-" + i);
            }
            await("no request is in flight", () -> inFlight() == 0);
            // The detector reports what the collector found when the next buffer is made.
            for (int i = 0; i < 5; i++) {
                System.gc();
                assertThat(gateway.manage("/live").statusCode()).isEqualTo(200);
            }
            assertThat(leaks.all()).isEmpty();
        }
    }

    /** Has a client upload and kills it as soon as MLflow has so much of the file. */
    private void killAt(double moment, String folder, PythonDialogue client) throws Exception {
        client.tell(uri(folder));
        ProcessHandle uploading = ProcessHandle.of(client.hear().getLong("pid")).orElseThrow();
        if (moment < 0) {
            Pace.hold((long) (-moment * 500), MILLISECONDS);
        } else {
            await(
                    "%.2f of %s".formatted(moment, folder),
                    () -> unfinished(folder) >= moment * size() || Files.exists(stored(folder)));
        }
        uploading.destroyForcibly();
        if (Files.exists(stored(folder))) {
            assertThat(stored(folder)).hasSize(size());
        }
        // its end by itself is a kill that came too late
        assertThat(client.hear().getInteger("ended")).isIn(0, -9);
    }

    /** Whether the artifact is whole; fails if it is there in part. */
    private boolean isWhole(String folder) throws Exception {
        JsonArray listed = gateway.get("/api/2.0/mlflow-artifacts/artifacts?path=" + folder, KEY)
                .bodyAsJsonObject()
                .getJsonArray("files", new JsonArray());
        if (!Files.exists(stored(folder))) {
            assertThat(listed).as(folder).isEmpty();
            return false;
        }
        assertThat(stored(folder)).hasSize(size());
        assertThat(sha256(stored(folder))).isEqualTo(file.getString("sha256"));
        assertThat(listed).as(folder).hasSize(1);
        JsonObject entry = listed.getJsonObject(0);
        assertThat(entry.getString("path")).isEqualTo(file.getString("name"));
        assertThat(entry.getString("file_size")).isEqualTo(Long.toString(size()));
        return true;
    }

    private static String uri(String folder) {
        return "mlflow-artifacts:/" + folder;
    }

    private long size() {
        return file.getLong("bytes");
    }

    private Path stored(String folder) {
        return data.resolve("artifacts").resolve(folder).resolve(file.getString("name"));
    }

    /** How much MLflow has written of a file it has not published; -1 when there is no such file. */
    private long unfinished(String folder) throws IOException {
        Path parent = stored(folder).getParent();
        if (!Files.isDirectory(parent)) {
            return -1;
        }
        try (Stream<Path> files = Files.list(parent)) {
            // its size by File, which is 0 when it vanishes meanwhile
            return files.filter(path -> path.getFileName().toString().startsWith(UNFINISHED))
                    .mapToLong(path -> path.toFile().length())
                    .max()
                    .orElse(-1);
        }
    }

    private double inFlight() throws Exception {
        return gateway.manage("/metrics")
                .bodyAsString()
                .lines()
                .filter(line -> line.startsWith("torii_requests_in_flight "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' '))))
                .findFirst()
                .orElseThrow();
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + SECONDS.toNanos(20);
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("not within 20 seconds: " + what).isLessThan(end);
            Pace.hold(1, MILLISECONDS);
        }
    }

    private static String sha256(Path path) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (InputStream in = new DigestInputStream(Files.newInputStream(path), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.ResidentMemory;
import ai.hokus.torii.support.ResidentMemory.Course;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** 300 MB pass a gateway that has 64 MiB of heap and 64 MiB of direct memory, and its memory stays flat meanwhile. */
@Tag("mlflow")
class LargeTransferIT {

    private static final String KEY = "hk_test_Zq7TestOnlyTestOnlyTestOnly0123";
    private static final int MIB = 1024 * 1024;
    private static final int TOTAL_MIB = 300;
    private static final long TOTAL_BYTES = (long) TOTAL_MIB * MIB;

    private Vertx vertx;
    private ToriiProcess torii;
    private ResidentMemory memory;

    @TempDir
    private Path spool;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        Map<String, String> environment =
                new HashMap<>(TestGateway.environment(RealMlflow.shared().uri().toString(), auth.url()));
        environment.put("TORII_SPOOL_DIRECTORY", spool.toString());
        torii = ToriiProcess.serve(environment, "-Xmx64m", "-XX:MaxDirectMemorySize=64m");
        memory = new ResidentMemory(torii.pid());
    }

    @AfterEach
    void stop() throws Exception {
        memory.close();
        torii.close();
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    @Test
    void carriesABigArtifactOfTheRealClientUpAndDown() throws Exception {
        // Given
        PythonClient client = PythonClient.current().at(url("/api/mlflow")).token(KEY);

        // When
        JsonObject facts = client.run("artifacts_round_trip.py", Integer.toString(TOTAL_MIB))
                .facts();

        // Then: the script has compared the SHA-256 of what it sent and what it got
        assertThat(facts.getInteger("big_file_mib")).isEqualTo(TOTAL_MIB);
        assertThat(facts.getJsonObject("sha256").getString("big.bin")).hasSize(64);
        assertNothingWasCollected();
    }

    @Test
    void keepsItsMemoryFlatDuringAnUploadAndADownload() throws Exception {
        // Given
        String artifact = url("/api/mlflow/api/2.0/mlflow-artifacts/artifacts/0/" + UUID.randomUUID() + "/big.bin");
        MessageDigest sent = MessageDigest.getInstance("SHA-256");
        MessageDigest received = MessageDigest.getInstance("SHA-256");
        // the first transfer of a JVM grows its heap towards the limit and compiles what it runs
        upload(artifact, MessageDigest.getInstance("SHA-256"));
        download(artifact, MessageDigest.getInstance("SHA-256"));

        // When
        Course uploading = upload(artifact, sent);
        Course downloading = download(artifact, received);

        // Then
        System.out.println("upload: " + uploading + "; download: " + downloading);
        assertThat(HexFormat.of().formatHex(received.digest()))
                .isEqualTo(HexFormat.of().formatHex(sent.digest()));
        uploading.assertFlat();
        downloading.assertFlat();
        assertNothingWasCollected();
    }

    private Course upload(String artifact, MessageDigest digest) throws IOException {
        HttpURLConnection connection = connect(artifact);
        connection.setRequestMethod("PUT");
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/octet-stream");
        connection.setFixedLengthStreamingMode(TOTAL_BYTES);
        Random random = new Random(TOTAL_MIB);
        byte[] block = new byte[MIB];
        Course course;
        try (OutputStream out = connection.getOutputStream();
                ResidentMemory.Watch watch = memory.watch(TOTAL_BYTES)) {
            for (int mib = 0; mib < TOTAL_MIB; mib++) {
                random.nextBytes(block);
                digest.update(block);
                out.write(block);
                watch.passed((mib + 1L) * MIB);
            }
            course = watch.end();
        }
        assertThat(connection.getResponseCode()).isEqualTo(200);
        return course;
    }

    private Course download(String artifact, MessageDigest digest) throws IOException {
        HttpURLConnection connection = connect(artifact);
        assertThat(connection.getResponseCode()).isEqualTo(200);
        byte[] block = new byte[64 * 1024];
        long bytes = 0;
        try (InputStream in = connection.getInputStream();
                ResidentMemory.Watch watch = memory.watch(TOTAL_BYTES)) {
            for (int read = in.read(block); read >= 0; read = in.read(block)) {
                digest.update(block, 0, read);
                bytes += read;
                watch.passed(bytes);
            }
            assertThat(bytes).isEqualTo(TOTAL_BYTES);
            return watch.end();
        }
    }

    private static HttpURLConnection connect(String url) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) URI.create(url).toURL().openConnection(Proxy.NO_PROXY);
        connection.setRequestProperty("Authorization", "Bearer " + KEY);
        connection.setReadTimeout(120_000);
        return connection;
    }

    private String url(String path) {
        return "http://127.0.0.1:" + torii.apiPort() + path;
    }

    /** A body in memory would have burst it; a body in a file would be or have been counted. */
    private void assertNothingWasCollected() throws IOException {
        assertThat(torii.output()).doesNotContain("OutOfMemory");
        try (Stream<Path> files = Files.list(spool)) {
            assertThat(files).isEmpty();
        }
    }
}

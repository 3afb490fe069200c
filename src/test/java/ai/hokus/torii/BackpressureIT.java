package ai.hokus.torii;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.MINUTES;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Pace;
import ai.hokus.torii.support.Payload;
import ai.hokus.torii.support.Payload.Sum;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.RawServer;
import ai.hokus.torii.support.RawServer.Connection;
import ai.hokus.torii.support.ResidentMemory;
import ai.hokus.torii.support.ResidentMemory.Course;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/**
 * The fast end of a transfer waits for the slow one, whichever it is, and the gateway between them keeps no more than
 * it needs: 64 MiB of heap and 64 MiB of direct memory carry 2 GiB, or 50 transfers at once, with its memory flat.
 *
 * <p>A caller that writes cannot be interrupted, so the time limit gives it up; what it waits for ends with the gateway.
 */
@Timeout(value = 2, unit = MINUTES, threadMode = ThreadMode.SEPARATE_THREAD)
class BackpressureIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String ARTIFACT =
            "/api/2.0/mlflow-artifacts/artifacts/1/r/a HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n";
    private static final String SMALL_GET =
            "GET /api/2.0/mlflow/runs/get?run_id=1 HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n\r\n";
    private static final Pattern LENGTH = Pattern.compile("(?i)\r\ncontent-length: (\\d+)\r\n");
    private static final long MIB = 1024 * 1024;
    private static final int SOCKET_BUFFER = 256 * 1024;

    private static final long BIG = 2048 * MIB;
    private static final long WARM_UP = 512 * MIB;
    private static final long BIG_RATE = 128 * MIB;
    /** What the system's socket buffers may hold on both sides of the gateway; a quarter of it lies there at most. */
    private static final long LEAD = 64 * MIB;

    private static final int MANY = 50;
    private static final long EACH = 16 * MIB;
    private static final long EACH_RATE = MIB;
    /** Not as fast as can be: that would leave memory behind that a slow transfer gives back. */
    private static final long EACH_WARM_UP_RATE = 4 * MIB;

    private final AtomicLong read = new AtomicLong();
    private final AtomicLong lead = new AtomicLong();
    private volatile long bytesPerSecond;
    private volatile LongConsumer through = bytes -> {};
    private volatile Payload offered = new Payload(0, 0);

    private Vertx vertx;
    private RawServer mlflow;
    private ToriiProcess torii;
    private ResidentMemory memory;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        mlflow = RawMlflow.start(this::answer, SOCKET_BUFFER);
        torii = ToriiProcess.serve(
                TestGateway.environment(mlflow.url(), auth.url()),
                "-Xmx64m",
                "-XX:MaxDirectMemorySize=64m",
                "-XX:+ExitOnOutOfMemoryError");
        memory = new ResidentMemory(torii.pid());
    }

    @AfterEach
    void stop() throws Exception {
        memory.close();
        torii.close();
        mlflow.close();
        vertx.close().await(10, SECONDS);
        // a gateway without memory may look merely slow to the test
        assertThat(torii.output().lines().filter(line -> line.contains("OutOfMemory")))
                .isEmpty();
    }

    @Test
    void holdsAFastCallerBackWhenMlflowReadsSlowly() throws Exception {
        // Given a gateway that has grown its heap and compiled what it runs
        bytesPerSecond = Long.MAX_VALUE;
        upload(new Payload(1, WARM_UP));
        begin(BIG_RATE);

        // When
        Course course;
        try (ResidentMemory.Watch watch = memory.watch(BIG)) {
            through = watch::passed;
            upload(new Payload(2, BIG));
            course = watch.end();
        }

        // Then
        report("upload, %d KiB ahead".formatted(lead.get() / 1024), course);
        assertThat(lead.get()).as("bytes the caller was ahead").isLessThan(LEAD);
        course.assertFlat();
    }

    @Test
    void holdsMlflowBackWhenTheCallerReadsSlowly() throws Exception {
        // Given a gateway that has grown its heap and compiled what it runs
        bytesPerSecond = Long.MAX_VALUE;
        download(new Payload(1, WARM_UP));
        begin(BIG_RATE);

        // When
        Course course;
        try (ResidentMemory.Watch watch = memory.watch(BIG)) {
            through = watch::passed;
            download(new Payload(2, BIG));
            course = watch.end();
        }

        // Then
        report("download, %d KiB ahead".formatted(lead.get() / 1024), course);
        assertThat(lead.get()).as("bytes MLflow was ahead").isLessThan(LEAD);
        course.assertFlat();
    }

    @Test
    void answersOthersWhileFiftySlowUploadsAreUnderWay() throws Exception {
        // Given a gateway that has grown its heap and compiled what it runs
        begin(EACH_WARM_UP_RATE);
        uploadAtOnce(EACH);
        begin(EACH_RATE);

        // When
        Course course;
        long answered;
        try (ResidentMemory.Watch watch = memory.watch(MANY * EACH)) {
            through = watch::passed;
            answered = uploadAtOnce(EACH);
            course = watch.end();
        }

        // Then
        report("%d uploads at once, %d small answers meanwhile".formatted(MANY, answered), course);
        assertThat(answered).isGreaterThan(MANY);
        course.assertFlat();
    }

    private void begin(long rate) {
        bytesPerSecond = rate;
        read.set(0);
        lead.set(0);
    }

    private void report(String what, Course course) {
        System.out.println(what + ": " + course);
    }

    /** What MLflow does: it reads uploads slowly and says what it got, offers a download, answers the rest. */
    private void answer(Connection connection, String head) throws IOException {
        if (head.startsWith("PUT")) {
            sendText(connection, Payload.read(connection.in(), length(head), pace(), this::read) + "");
        } else if (head.contains("/mlflow-artifacts/")) {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + offered.bytes() + "\r\nConnection: close\r\n\r\n");
            offered.writeTo(connection.out(), written());
        } else {
            sendText(connection, "{}");
        }
    }

    private static void sendText(Connection connection, String text) throws IOException {
        connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + text.length() + "\r\n\r\n" + text);
    }

    private Pace pace() {
        return bytesPerSecond == Long.MAX_VALUE ? Pace.unlimited() : Pace.of(bytesPerSecond);
    }

    private void read(long bytes) {
        through.accept(read.addAndGet(bytes));
    }

    /** Counts what the fast end of one transfer has written, and how far ahead of the slow one it is. */
    private LongConsumer written() {
        AtomicLong written = new AtomicLong();
        return bytes -> lead.accumulateAndGet(written.addAndGet(bytes) - read.get(), Math::max);
    }

    private static long length(String head) {
        Matcher matcher = LENGTH.matcher(head);
        assertThat(matcher.find()).as(head).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    /** Uploads and compares what MLflow got. */
    private void upload(Payload payload) throws IOException {
        try (RawClient caller = new RawClient(torii.apiPort(), SOCKET_BUFFER).patience(Duration.ofMinutes(1))) {
            caller.send("PUT " + ARTIFACT + "Content-Length: " + payload.bytes() + "\r\n\r\n");
            Sum sent = payload.writeTo(caller.out(), written());
            assertThat(caller.readUntil("]")).startsWith("HTTP/1.1 200").endsWith("\r\n\r\n" + sent);
        }
    }

    /** Downloads and compares with what it should be. */
    private void download(Payload payload) throws IOException {
        offered = payload;
        try (RawClient caller = new RawClient(torii.apiPort(), SOCKET_BUFFER).patience(Duration.ofMinutes(1))) {
            caller.send("GET " + ARTIFACT + "\r\n");
            String head = caller.readUntil("\r\n\r\n");
            assertThat(head).startsWith("HTTP/1.1 200");
            assertThat(Payload.read(caller.in(), length(head), pace(), this::read))
                    .isEqualTo(payload.sum());
        }
    }

    /** Does all uploads and, as long as one of them is under way, asks for something small; how often it was told. */
    private long uploadAtOnce(long bytes) throws Exception {
        ExecutorService callers = Executors.newFixedThreadPool(MANY);
        try {
            List<Future<?>> uploads = new ArrayList<>();
            for (int i = 0; i < MANY; i++) {
                Payload payload = new Payload(i, bytes);
                uploads.add(callers.submit(() -> {
                    upload(payload);
                    return null;
                }));
            }
            long answered = 0;
            try (RawClient other = new RawClient(torii.apiPort())) {
                while (!uploads.stream().allMatch(Future::isDone)) {
                    assertThat(other.send(SMALL_GET).readUntil("{}")).startsWith("HTTP/1.1 200");
                    answered++;
                    Pace.hold(20, MILLISECONDS);
                }
            }
            for (Future<?> upload : uploads) {
                upload.get(1, SECONDS);
            }
            return answered;
        } finally {
            callers.shutdownNow();
        }
    }
}

package ai.hokus.torii;

import static ai.hokus.torii.support.FrameClient.DATA;
import static ai.hokus.torii.support.FrameClient.GOAWAY;
import static ai.hokus.torii.support.FrameClient.HEADERS;
import static ai.hokus.torii.support.FrameClient.RST_STREAM;
import static ai.hokus.torii.support.FrameClient.SETTINGS;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.FrameClient;
import ai.hokus.torii.support.FrameClient.Answer;
import ai.hokus.torii.support.FrameClient.Frame;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.RawMessage;
import ai.hokus.torii.support.RawServer.Connection;
import ai.hokus.torii.support.TlsRelayed;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What callers see of HTTP/2, frame by frame. */
@NeedsPeer(program = "openssl", install = "apt-get install -y openssl")
@ExtendWith(VertxExtension.class)
class Http2IT {

    private static final int NO_ERROR = 0;
    private static final int PROTOCOL_ERROR = 1;
    private static final int LARGE = 4_000_000;
    private static final int MIDDLE = 100_000;
    private static final int BLOCK = 16_384;
    private static final String CALL = "/api/2.0/mlflow/runs/get?run_id=1";
    private static final String CREATE = "/api/2.0/mlflow/runs/create";
    private static final String ARTIFACT = "/api/2.0/mlflow-artifacts/artifacts/1/r/";

    @TempDir
    private static Path folder;

    private static final Queue<RawMessage> REQUESTS = new ConcurrentLinkedQueue<>();
    private static final Queue<String> HEADS = new ConcurrentLinkedQueue<>();
    private static TlsRelayed relayed;

    @BeforeAll
    static void start(Vertx vertx) throws Exception {
        relayed = TlsRelayed.to(
                vertx,
                folder,
                Http2IT::answer,
                "TORII_FORWARD_DOWNLOAD_STALL_TIMEOUT",
                "1s",
                "TORII_API_IDLE_TIMEOUT",
                "1s",
                "TORII_API_HEAD_TIMEOUT",
                "1s");
    }

    @AfterAll
    static void stop() throws Exception {
        relayed.close();
    }

    private static void answer(Connection connection, String head) throws IOException {
        if (head.contains("/r/cut ")) {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        } else if (head.contains("/r/cut-chunked ")) {
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
        } else if (head.contains("/r/large ")) {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + LARGE + "\r\n\r\n" + "y".repeat(LARGE));
        } else if (head.contains("/r/middle ")) {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + MIDDLE + "\r\n\r\n" + "y".repeat(MIDDLE));
        } else if (head.contains("/r/unread ")) {
            connection.send("HTTP/1.1 413 No\r\nContent-Length: 5\r\nConnection: close\r\n\r\nearly");
        } else if (head.contains("/r/body ")) {
            HEADS.add(head);
            RawMessage request = RawMessage.read(
                    new SequenceInputStream(
                            new ByteArrayInputStream(head.getBytes(StandardCharsets.ISO_8859_1)), connection.in()),
                    h -> {});
            REQUESTS.add(request);
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        } else {
            connection.send("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=3\r\nConnection: x-mine\r\nX-Mine: 1\r\n"
                    + "Content-Length: " + head.length() + "\r\n\r\n" + head);
        }
    }

    @Test
    void forwardsInHttp11AndAnswersWithoutFieldsOfConnections() throws Exception {
        try (FrameClient caller = relayed.frames()) {
            // When
            Answer answer =
                    caller.request(1, true, "GET", CALL, "te", "trailers").answer(1);

            // Then
            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.isWhole()).isTrue();
            assertThat(answer.reset()).isEqualTo(-1);
            assertThat(answer.head().names().stream().map(CharSequence::toString))
                    .contains("x-request-id", "content-length")
                    .doesNotContain("connection", "keep-alive", "transfer-encoding", "x-mine");
            assertThat(answer.text())
                    .startsWith("GET " + CALL + " HTTP/1.1\r\n")
                    .contains("X-Forwarded-Host: localhost", "X-Forwarded-Proto: https")
                    .doesNotContainIgnoringCase("te: trailers")
                    .doesNotContain("hk_test", ":authority");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "connection, close",
        "keep-alive, timeout=5",
        "proxy-connection, close",
        "transfer-encoding, chunked",
        "upgrade, h2c",
        "te, gzip",
        "Upper, 1",
        "content-length, 5",
    })
    void resetsAStreamWhoseHeadIsMalformed(String name, String value) throws Exception {
        try (FrameClient caller = relayed.frames()) {
            // When
            Answer refused = caller.request(1, true, "GET", CALL, name, value).answer(1);

            // Then the connection goes on
            assertThat(refused.reset()).isEqualTo(PROTOCOL_ERROR);
            assertThat(caller.request(3, true, "GET", CALL).answer(3).status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "x-a, 'b\r\nx-c: d'",
        "x-a, 'b\nc'",
        "x-a, 'b\u0000c'",
        "x-a, 'b\u007fc'",
        "x a, b",
        "'x-a\r\nx-c', b",
        "x-a:, b",
    })
    void refusesAFieldThatHttp11CannotCarry(String name, String value) throws Exception {
        try (FrameClient caller = relayed.frames()) {
            // When
            Answer answer = caller.request(1, true, "GET", CALL, name, value).answer(1);

            // Then
            assertThat(answer.status() == 400 || answer.reset() == PROTOCOL_ERROR)
                    .as("%s", answer)
                    .isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"http://localhost/live", "live", "'/live x'", "'/live\r\nx: y'", "*"})
    void refusesATargetThatIsNoPath(String target) throws Exception {
        try (FrameClient caller = relayed.frames()) {
            // When
            Answer answer = caller.request(1, true, "GET", target).answer(1);

            // Then
            assertThat(answer.text().contains("request_malformed") || answer.reset() == PROTOCOL_ERROR)
                    .as("%s", answer)
                    .isTrue();
        }
    }

    @Test
    void refusesToBeATunnel() throws Exception {
        try (FrameClient caller = relayed.frames()) {
            // When (RFC 9113 §8.5)
            Answer answer = caller.head(1, true, ":method", "CONNECT", ":authority", "h")
                    .answer(1);

            // Then
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.text()).contains("request_malformed");
        }
    }

    @Test
    void refusesATargetThatIsLongerThanARequestLineMayBe(@TempDir Path own, Vertx vertx) throws Exception {
        try (TlsRelayed strict = TlsRelayed.to(vertx, own, Http2IT::answer, "TORII_API_MAX_TARGET", "1KiB");
                FrameClient caller = strict.frames()) {
            // Given a name that is longer than the client's own block can say, in the prefix coding of RFC 7541 §5.1
            byte[] start = FrameClient.block(":method", "GET", ":scheme", "https", ":authority", "h");
            byte[] path = ("/live?" + "q".repeat(1274)).getBytes(StandardCharsets.ISO_8859_1);
            byte[] name = {0, 5, ':', 'p', 'a', 't', 'h', 0x7f, (byte) 0x81, 0x09};

            // When
            byte[] block = Arrays.copyOf(start, start.length + name.length + path.length);
            System.arraycopy(name, 0, block, start.length, name.length);
            System.arraycopy(path, 0, block, start.length + name.length, path.length);
            caller.send(HEADERS, FrameClient.END_STREAM | FrameClient.END_HEADERS, 1, block);

            // Then
            assertThat(caller.answer(1).status()).isEqualTo(414);
        }
    }

    @Test
    void endsARefusedUploadAndGivesItsWindowBack() throws Exception {
        try (FrameClient caller = relayed.frames()) {
            byte[] block = new byte[BLOCK];

            // When more is refused than all windows of the connection hold
            for (int stream = 1; stream < 900; stream += 2) {
                caller.head(
                        stream,
                        false,
                        ":method",
                        "PUT",
                        ":scheme",
                        "https",
                        ":authority",
                        "h",
                        ":path",
                        ARTIFACT + "a");
                for (int i = 0; i < 3; i++) {
                    caller.data(stream, false, block);
                }
                Answer answer = caller.answer(stream);

                // Then each is answered whole, and told that the rest is not wanted
                assertThat(answer.status()).isEqualTo(401);
                assertThat(answer.isWhole()).isTrue();
                assertThat(caller.on(stream).error()).isEqualTo(NO_ERROR);
            }
            assertThat(caller.request(901, true, "GET", CALL).answer(901).status())
                    .isEqualTo(200);
        }
    }

    @Test
    void passesOnAnAnswerThatComesBeforeTheBodyHasEnded() throws Exception {
        try (FrameClient caller = relayed.frames()) {
            // When
            caller.request(1, false, "PUT", ARTIFACT + "unread", "content-length", "9000000");
            caller.data(1, false, new byte[1000]);
            Answer answer = caller.answer(1);

            // Then
            assertThat(answer.status()).isEqualTo(413);
            assertThat(answer.text()).isEqualTo("early");
            assertThat(answer.isWhole()).isTrue();
            assertThat(caller.on(1).error()).isEqualTo(NO_ERROR);
        }
    }

    @ParameterizedTest
    @CsvSource({"cut", "cut-chunked"})
    void resetsAStreamWhoseAnswerMlflowCuts(String name) throws Exception {
        try (FrameClient caller = relayed.frames()) {
            // When
            Answer answer = caller.request(1, true, "GET", ARTIFACT + name).answer(1);

            // Then
            assertThat(answer.isWhole()).isFalse();
            assertThat(answer.reset()).isGreaterThan(NO_ERROR);
            assertThat(caller.request(3, true, "GET", CALL).answer(3).status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @CsvSource({"reset", "short", "long", "goes"})
    void neverCompletesAnUploadThatWasCut(String how) throws Exception {
        // Given
        REQUESTS.clear();
        HEADS.clear();
        FrameClient caller = relayed.frames();
        caller.request(1, false, "PUT", ARTIFACT + "body", "content-length", "20000");
        caller.data(1, false, new byte[10_000]);
        Await.until("MLflow has the head", () -> !HEADS.isEmpty());

        // When
        switch (how) {
            case "reset" -> caller.reset(1, 8);
            case "short" -> caller.data(1, true, new byte[9_999]);
            case "long" -> caller.data(1, true, new byte[10_001]);
            default -> caller.close();
        }

        // Then
        Await.until("MLflow sees the end", () -> !REQUESTS.isEmpty());
        assertThat(REQUESTS).noneMatch(RawMessage::isComplete);
        caller.close();
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "65536", "65537", "300000"})
    void sendsABodyWithoutALengthOnWithIt(int bytes) throws Exception {
        // Given
        REQUESTS.clear();
        try (FrameClient caller = relayed.frames()) {
            // When
            caller.request(1, false, "PUT", ARTIFACT + "body");
            byte[] body = "z".repeat(bytes).getBytes(StandardCharsets.ISO_8859_1);
            for (int at = 0; at < bytes; at += 10_000) {
                caller.data(1, false, Arrays.copyOfRange(body, at, Math.min(bytes, at + 10_000)));
            }
            caller.data(1, true, new byte[0]);

            // Then
            assertThat(caller.answer(1).status()).isEqualTo(200);
            assertThat(REQUESTS).singleElement().satisfies(request -> {
                assertThat(request.head()).containsIgnoringCase("content-length: " + bytes + "\r\n");
                assertThat(request.head()).doesNotContainIgnoringCase("transfer-encoding");
                assertThat(request.body()).isEqualTo("z".repeat(bytes));
            });
        }
    }

    @Test
    void givesACallerThatDoesNotReadOneAnswerTheOthers() throws Exception {
        try (FrameClient caller = relayed.frames()) {
            // Given a stream that is granted nothing, on a connection that is
            caller.grant(0, 100_000_000);
            caller.request(1, true, "GET", ARTIFACT + "large");

            // When
            caller.request(3, true, "GET", ARTIFACT + "large");
            Answer other = caller.answer(3);

            // Then
            assertThat(other.body()).hasSize(LARGE);
            assertThat(other.isWhole()).isTrue();

            // And the first is given up in time, with no more of it than was granted
            Answer stalled = caller.answer(1, false);
            assertThat(stalled.isWhole()).isFalse();
            assertThat(stalled.reset()).isGreaterThan(NO_ERROR);
            assertThat(stalled.body()).hasSize(65_535);
        }
    }

    @Test
    void resetsAStreamWhoseSmallAnswerIsNeverTaken() throws Exception {
        try (FrameClient caller = relayed.frames()) {
            // Given a caller that grants no stream anything (RFC 9113 §6.5.2)
            caller.send(SETTINGS, 0, 0, new byte[] {0, 4, 0, 0, 0, 0});

            // When
            caller.request(1, true, "GET", CALL);

            // Then
            assertThat(caller.on(1).type()).isEqualTo(HEADERS);
            assertThat(caller.on(1).type()).isEqualTo(RST_STREAM);
        }
    }

    @Test
    void resetsAStreamWhoseAnswerIsTakenInPart() throws Exception {
        try (FrameClient caller = relayed.frames()) {
            // When the end of the answer was handed over, and the window is smaller
            Answer answer = caller.request(1, true, "GET", ARTIFACT + "middle").answer(1, false);

            // Then
            assertThat(answer.body()).hasSize(65_535);
            assertThat(answer.isWhole()).isFalse();
            assertThat(answer.reset()).isGreaterThan(NO_ERROR);
        }
    }

    @ParameterizedTest
    @CsvSource({"preface", "head", "nothing"})
    void endsAConnectionThatIsSlow(String how) throws Exception {
        try (FrameClient caller = how.equals("preface") ? relayed.silent() : relayed.frames()) {
            // When
            if (how.equals("head")) {
                caller.send(HEADERS, 1, 1, FrameClient.block(":method", "GET"));
            }

            // Then
            assertThat(caller.nextOf(-1).isClose()).isTrue();
        }
    }

    @Test
    void endsAConnectionWhosePrefaceComesByteByByte() throws Exception {
        // Given more bytes than come in ten seconds
        ByteBuffer bytes = ByteBuffer.allocate(633);
        bytes.put("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        bytes.put(FrameClient.frame(SETTINGS, 0, 0, new byte[600])).flip();
        ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
        try (FrameClient caller = relayed.silent()) {
            // When
            pace.scheduleWithFixedDelay(() -> writeOne(caller, bytes), 0, 100, MILLISECONDS);

            // Then
            assertThat(caller.nextOf(-1).isClose()).isTrue();
        } finally {
            pace.shutdownNow();
        }
    }

    private static void writeOne(FrameClient caller, ByteBuffer bytes) {
        try {
            caller.write(new byte[] {bytes.get()});
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void endsAnIdleConnectionWithAGoaway() throws Exception {
        try (FrameClient caller = relayed.frames()) {
            // When
            assertThat(caller.request(1, true, "GET", "/live").answer(1).status())
                    .isEqualTo(200);

            // Then
            assertThat(caller.nextOf(GOAWAY).error()).isEqualTo(NO_ERROR);
            assertThat(caller.nextOf(-1).isClose()).isTrue();
        }
    }

    @Test
    void takesNoMoreOfAnUploadThanItsWindowsWhileMlflowDoesNotRead(@TempDir Path own, Vertx vertx) throws Exception {
        // Given
        CountDownLatch goOn = new CountDownLatch(1);
        CompletableFuture<Integer> read = new CompletableFuture<>();
        int bytes = 40_000_000;
        try (TlsRelayed slow = TlsRelayed.to(vertx, own, (connection, head) -> {
                    try {
                        assertThat(goOn.await(20, SECONDS)).isTrue();
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                    read.complete(connection.read(bytes).length);
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
                });
                FrameClient caller = slow.frames()) {
            caller.request(1, false, "PUT", ARTIFACT + "slow", "content-length", "" + bytes);
            Windows windows = new Windows();
            int sent = 0;

            // When it is sent whatever the windows allow until they allow no more
            while (sent < bytes && windows.allow(BLOCK)) {
                caller.data(1, false, new byte[BLOCK]);
                sent += BLOCK;
                windows.sent(BLOCK);
                if (!windows.allow(BLOCK)) {
                    // A ping comes back behind every update that was on its way.
                    caller.send(FrameClient.PING, 0, 0, new byte[8]);
                    windows.readUntilPong(caller);
                    if (!windows.allow(BLOCK)) {
                        break;
                    }
                }
            }

            // Then what is not in MLflow's and the kernel's buffers is bounded by the stream's window
            assertThat(sent).isLessThan(20_000_000);

            // And when MLflow reads, all of it arrives
            goOn.countDown();
            while (sent < bytes) {
                while (!windows.allow(1)) {
                    windows.take(caller.next());
                }
                int piece = Math.min(BLOCK, Math.min(bytes - sent, windows.left()));
                sent += piece;
                caller.data(1, sent == bytes, new byte[piece]);
                windows.sent(piece);
            }
            assertThat(caller.answer(1).status()).isEqualTo(200);
            assertThat(read.get(10, SECONDS)).isEqualTo(bytes);
        }
    }

    /** What a caller may still send. */
    private static final class Windows {
        private int stream = 65_535;
        private int connection = 65_535;

        boolean allow(int bytes) {
            return left() >= bytes;
        }

        int left() {
            return Math.min(stream, connection);
        }

        void sent(int bytes) {
            stream -= bytes;
            connection -= bytes;
        }

        void take(Frame frame) {
            assertThat(frame.type()).as("no end of the connection").isNotEqualTo(GOAWAY);
            assertThat(frame.isClose()).isFalse();
            if (frame.type() == FrameClient.WINDOW_UPDATE) {
                if (frame.stream() == 0) {
                    connection += frame.error();
                } else {
                    stream += frame.error();
                }
            }
        }

        void readUntilPong(FrameClient caller) throws IOException {
            Frame frame = caller.next();
            while (frame.type() != FrameClient.PING) {
                take(frame);
                frame = caller.next();
            }
        }
    }

    @Test
    void endsAConnectionBeyondTheCapBehindItsAnswer(@TempDir Path own, Vertx vertx) throws Exception {
        try (TlsRelayed full = TlsRelayed.to(vertx, own, Http2IT::answer, "TORII_LISTENER_MAX_CONNECTIONS", "1");
                FrameClient first = full.frames()) {
            // Given
            assertThat(first.request(1, true, "GET", "/live").answer(1).status())
                    .isEqualTo(200);

            try (FrameClient second = full.frames()) {
                // When
                Answer answer = second.request(1, true, "GET", "/live").answer(1, false);

                // Then, or a client that keeps its connection would be refused for ever
                assertThat(answer.status()).isEqualTo(503);
                assertThat(answer.text()).contains("(listener.max-connections)");
                assertThat(second.nextOf(-1).isClose()).isTrue();
            }
            assertThat(first.request(3, true, "GET", "/live").answer(3).status())
                    .isEqualTo(200);
        }
    }

    @Test
    void letsStreamsEndWhileItDrainsAndTakesNoNewOnes(@TempDir Path own, Vertx vertx) throws Exception {
        // Given
        CountDownLatch goOn = new CountDownLatch(1);
        try (TlsRelayed draining = TlsRelayed.to(vertx, own, (connection, head) -> {
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha");
                    try {
                        assertThat(goOn.await(20, SECONDS)).isTrue();
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                    connection.send("lf");
                });
                FrameClient caller = draining.frames()) {
            caller.request(1, true, "GET", ARTIFACT + "x");
            assertThat(caller.on(1).type()).isEqualTo(HEADERS);
            assertThat(caller.on(1).type()).isEqualTo(DATA);

            // When
            var drained = draining.gateway().gateway().drain();

            // Then
            assertThat(caller.nextOf(GOAWAY).error()).isEqualTo(NO_ERROR);
            goOn.countDown();
            Answer rest = caller.answer(1);
            assertThat(rest.text()).isEqualTo("lf");
            assertThat(rest.isWhole()).isTrue();
            assertThat(caller.nextOf(-1).isClose()).isTrue();
            drained.await(10, SECONDS);
        }
    }

    @Test
    void cutsWhatIsLeftWhenTheGraceEnds(@TempDir Path own, Vertx vertx) throws Exception {
        // Given
        CompletableFuture<String> end = new CompletableFuture<>();
        try (TlsRelayed draining = TlsRelayed.to(
                        vertx,
                        own,
                        (connection, head) -> {
                            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nha\r\n");
                            end.complete(connection.readToEnd());
                        },
                        "TORII_DRAIN_GRACE",
                        "200ms");
                FrameClient caller = draining.frames()) {
            caller.request(1, true, "GET", ARTIFACT + "x");
            assertThat(caller.on(1).type()).isEqualTo(HEADERS);

            // When
            draining.gateway().gateway().drain().await(10, SECONDS);

            // Then
            Answer rest = caller.answer(1, false);
            assertThat(rest.isWhole()).isFalse();
            end.get(5, SECONDS);
        }
    }

    @Test
    void cancelsWhatMlflowWorksOnWhenTheCallerGivesUp(@TempDir Path own, Vertx vertx) throws Exception {
        // Given
        CompletableFuture<Void> asked = new CompletableFuture<>();
        CompletableFuture<String> end = new CompletableFuture<>();
        try (TlsRelayed relay = TlsRelayed.to(vertx, own, (connection, head) -> {
                    asked.complete(null);
                    end.complete(connection.readToEnd());
                });
                FrameClient caller = relay.frames()) {
            caller.request(1, true, "GET", CALL);
            asked.get(5, SECONDS);

            // When
            caller.reset(1, 8);

            // Then
            assertThat(end.get(5, SECONDS)).isEmpty();
        }
    }

    @Test
    void doesNotOfferHttp2UnlessItIsAskedTo(@TempDir Path own, Vertx vertx) throws Exception {
        try (TlsRelayed off = TlsRelayed.to(vertx, own, Http2IT::answer, "TORII_LISTENER_HTTP2", "false");
                FrameClient caller = off.silent()) {
            // When
            assertThat(caller.protocol()).isNotEqualTo("h2");
            caller.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));

            // Then
            assertThat(List.of(400, 505)).contains(statusOf(caller));
        }
    }

    private static int statusOf(FrameClient caller) throws IOException {
        return Integer.parseInt(caller.readLine().split(" ")[1]);
    }
}

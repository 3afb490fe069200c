package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.RawServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The relay between a caller and an MLflow that are both made of bytes. */
@ExtendWith(VertxExtension.class)
class RelayIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String PUT =
            "PUT /api/2.0/mlflow-artifacts/artifacts/1/r/a HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n";
    private static final String GET =
            "GET /api/2.0/mlflow/runs/get HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n\r\n";
    private static final String POST = "POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY
            + "\r\nContent-Length: 2\r\n\r\n{}";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

    @ParameterizedTest
    @CsvSource({"0,''", "5,'5\r\nhello\r\n'", "12,'5\r\nhello\r\n7;ext=1\r\n, world\r\n'"})
    void givesABodyWithoutALengthItsLength(int length, String chunks, Vertx vertx) throws Exception {
        // Given
        CompletableFuture<String> seen = new CompletableFuture<>();
        try (RawServer mlflow = RawMlflow.start((connection, head) -> {
            seen.complete(head + new String(connection.read(length)));
            connection.send(OK);
        })) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(PUT + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n");

                // Then
                assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 200");
                assertThat(seen.get(5, TimeUnit.SECONDS))
                        .containsIgnoringCase("content-length: " + length + "\r\n")
                        .doesNotContainIgnoringCase("transfer-encoding")
                        .endsWith("hello, world".substring(0, length));
            }
            gateway.stop();
        }
    }

    @Test
    void spoolsALargeBodyWithoutALengthAndLeavesNoFile(Vertx vertx) throws Exception {
        // Given
        java.nio.file.Path spool = java.nio.file.Files.createTempDirectory("spool");
        CompletableFuture<String> seen = new CompletableFuture<>();
        CompletableFuture<String> received = new CompletableFuture<>();
        StringBuilder sent = new StringBuilder();
        try (RawServer mlflow = RawMlflow.start((connection, head) -> {
            seen.complete(head);
            received.complete(new String(connection.read(1_000_000)));
            connection.send(OK);
        })) {
            TestGateway gateway =
                    TestGateway.start(vertx, mlflow.url(), KEY, "TORII_SPOOL_DIRECTORY", spool.toString());
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(PUT + "Transfer-Encoding: chunked\r\n\r\n");
                for (int i = 0; i < 100; i++) {
                    String piece = String.valueOf((char) ('a' + i % 26)).repeat(10_000);
                    sent.append(piece);
                    caller.send("2710\r\n" + piece + "\r\n");
                }
                caller.send("0\r\n\r\n");

                // Then
                assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 200");
                assertThat(seen.get(5, TimeUnit.SECONDS)).containsIgnoringCase("content-length: 1000000\r\n");
                assertThat(received.get(5, TimeUnit.SECONDS)).isEqualTo(sent.toString());
                assertThat(spool).isEmptyDirectory();
                assertThat(gateway.manage("/metrics").bodyAsString()).contains("torii_spool_bytes 0.0");
            }
            gateway.stop();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "TORII_SPOOL_MAX_BODY,64KiB,spool.max-body",
        "TORII_UPLOAD_UNKNOWN_LENGTH,refuse,upload.unknown-length",
        "TORII_SPOOL_MAX_TOTAL,64KiB,spool.max-total"
    })
    void refusesALengthlessBodyBeyondTheLimitAndNamesIt(String name, String value, String named, Vertx vertx)
            throws Exception {
        try (RawServer mlflow = RawMlflow.start((connection, head) -> connection.send(OK))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY, name, value);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(PUT + "Transfer-Encoding: chunked\r\n\r\n" + "20000\r\n" + "x".repeat(0x20000)
                        + "\r\n0\r\n\r\n");

                // Then
                assertThat(caller.readToEnd())
                        .startsWith("HTTP/1.1 413")
                        .contains("body_too_large", named)
                        .doesNotContainIgnoringCase("retry-after");
            }
            gateway.stop();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 200000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n186a0\r\n"})
    void neverCompletesAnUploadThatTheCallerCut(String framing, Vertx vertx) throws Exception {
        // Given an upload that has begun to reach MLflow
        CompletableFuture<Void> begun = new CompletableFuture<>();
        CompletableFuture<String> seen = new CompletableFuture<>();
        try (RawServer mlflow = RawMlflow.start((connection, head) -> {
            begun.complete(null);
            seen.complete(head + connection.readToEnd());
        })) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY, "TORII_UPLOAD_UNKNOWN_LENGTH", "stream");
            RawClient caller = new RawClient(gateway.port());
            caller.send(PUT + framing + "x".repeat(99_000));
            begun.get(5, TimeUnit.SECONDS);

            // When
            caller.close();

            // Then neither the announced length nor a last chunk arrives
            String upstream = seen.get(5, TimeUnit.SECONDS);
            assertThat(upstream.length()).isLessThan(101_000);
            assertThat(upstream).doesNotEndWith("0\r\n\r\n");
            gateway.stop();
        }
    }

    @Test
    void answersABrokenChunkThatComesWhileTheKeyIsStillChecked(Vertx vertx) throws Exception {
        try (RawServer mlflow = RawMlflow.start((connection, head) -> connection.send(OK))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When the first request with a key brings it along
                caller.send(PUT + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n");

                // Then
                assertThat(caller.readToEnd())
                        .startsWith("HTTP/1.1 400")
                        .contains("request_malformed", "no well-formed chunked coding");
            }
            gateway.stop();
        }
    }

    @Test
    void sends100ContinueOnlyAfterTheKeyWasAccepted(Vertx vertx) throws Exception {
        try (RawServer mlflow = RawMlflow.start((connection, head) -> {
            connection.read(5);
            connection.send(OK);
        })) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient good = new RawClient(gateway.port());
                    RawClient bad = new RawClient(gateway.port())) {
                // When
                good.send(PUT + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
                bad.send(PUT.replace(KEY, "wrong") + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");

                // Then
                assertThat(good.readUntil("\r\n\r\n")).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
                good.send("hello");
                assertThat(good.readUntil("{}")).startsWith("HTTP/1.1 200");
                assertThat(bad.readToEnd()).startsWith("HTTP/1.1 401").doesNotContain("100 Continue");
            }
            gateway.stop();
        }
    }

    @Test
    void judgesPipelinedRequestsOneByOneAndInOrder(Vertx vertx) throws Exception {
        try (RawServer mlflow = RawMlflow.start((connection, head) -> connection.send(OK))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(
                        GET + GET.replace(KEY, "wrong") + "GET /live HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

                // Then
                assertThat(caller.readToEnd()).containsSubsequence("HTTP/1.1 200", "HTTP/1.1 401", "HTTP/1.1 200");
            }
            gateway.stop();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /api/2.0/mlflow/runs/get HTTP/1.1\r\nX-API-Key: k\r\n\r\n",
                "GET  /api/2.0/mlflow/runs/get HTTP/1.1\r\nHost: h\r\n\r\n",
                "GET /live HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                "GET /live HTTP/1.0\r\n\r\n",
                "POST /no/such/route HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
                "POST /live HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            })
    void carriesOutNothingThatStandsBehindTheLastAnswerOfAConnection(String last, Vertx vertx) throws Exception {
        // Given requests that follow one whose answer ends the connection
        AtomicInteger carriedOut = new AtomicInteger();
        try (RawServer mlflow = RawMlflow.start((connection, head) -> {
            carriedOut.incrementAndGet();
            connection.send(OK);
        })) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port());
                    RawClient other = new RawClient(gateway.port())) {
                other.send(GET).readUntil("{}");

                // When
                caller.send(last + POST.repeat(20));

                // Then nobody would learn what became of them
                assertThat(caller.readToEnd().split("HTTP/1.1 |HTTP/1.0 ")).hasSize(2);
                other.send(GET).readUntil("{}");
                assertThat(carriedOut).hasValue(2);
            }
            gateway.stop();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"close", "CLOSE", "keep-alive, close", "TE, close", ",close,", "close, close"})
    void closesWhenTheCallerAsksForIt(String connection, Vertx vertx) throws Exception {
        try (RawServer mlflow = RawMlflow.start((upstream, head) -> upstream.send(OK))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(GET.replace("Host: h\r\n", "Host: h\r\nConnection: " + connection + "\r\n"));

                // Then
                assertThat(caller.readToEnd())
                        .startsWith("HTTP/1.1 200")
                        .containsIgnoringCase("connection: close")
                        .endsWith("{}");
            }
            gateway.stop();
        }
    }

    @Test
    void spoolsABodyOfTinyChunks(Vertx vertx) throws Exception {
        // Given
        int length = 300_000;
        CompletableFuture<byte[]> received = new CompletableFuture<>();
        try (RawServer mlflow = RawMlflow.start((connection, head) -> {
            received.complete(connection.read(length));
            connection.send(OK);
        })) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                StringBuilder chunks = new StringBuilder();
                StringBuilder body = new StringBuilder();
                for (int i = 0; i < length; i++) {
                    char one = (char) ('a' + i % 26);
                    body.append(one);
                    chunks.append("1\r\n").append(one).append("\r\n");
                }
                caller.send(PUT + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n");

                // Then
                assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 200");
                assertThat(new String(received.get(5, TimeUnit.SECONDS))).isEqualTo(body.toString());
            }
            gateway.stop();
        }
    }

    @Test
    void endsTheUpstreamCallWhenTheCallerLeaves(Vertx vertx) throws Exception {
        // Given
        CompletableFuture<String> end = new CompletableFuture<>();
        CompletableFuture<Void> arrived = new CompletableFuture<>();
        try (RawServer mlflow = RawMlflow.start((connection, head) -> {
            arrived.complete(null);
            end.complete(connection.readToEnd());
        })) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            RawClient caller = new RawClient(gateway.port());
            caller.send(GET);
            arrived.get(5, TimeUnit.SECONDS);

            // When
            caller.reset();

            // Then
            assertThat(end.get(2, TimeUnit.SECONDS)).isEmpty();
            gateway.stop();
        }
    }
}

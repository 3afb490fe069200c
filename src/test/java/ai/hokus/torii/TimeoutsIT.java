package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.ARTIFACT;
import static ai.hokus.torii.support.Relayed.CONTROL;
import static ai.hokus.torii.support.Relayed.GET;
import static ai.hokus.torii.support.Relayed.OK;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawServer.Connection;
import ai.hokus.torii.support.Relayed;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may be silent for how long, and what becomes of the exchange when it was too long. */
@ExtendWith(VertxExtension.class)
class TimeoutsIT {

    private static final String SHORT = "300ms";
    private static final int LENGTH = 30_000_000;
    private static final String PUT = "PUT" + ARTIFACT + "Content-Length: " + LENGTH + "\r\n\r\n";

    private static void hold(Connection connection) throws IOException {
        connection.readToEnd();
    }

    @Test
    void mlflowMayBeSilentAfterAnUploadForLongerThanEveryOtherLimit(Vertx vertx) throws Exception {
        // Given an MLflow that works on an upload, ten times as long as anything else may take
        CompletableFuture<Void> worked = new CompletableFuture<>();
        vertx.setTimer(3000, id -> worked.complete(null));
        try (Relayed relayed = Relayed.to(
                vertx,
                (connection, head) -> {
                    connection.read(5);
                    worked.join();
                    connection.send(OK);
                },
                "TORII_FORWARD_CONNECT_TIMEOUT",
                SHORT,
                "TORII_FORWARD_POOL_WAIT",
                SHORT,
                "TORII_FORWARD_HEAD_TIMEOUT",
                SHORT,
                "TORII_FORWARD_UPLOAD_STALL_TIMEOUT",
                SHORT,
                "TORII_FORWARD_DOWNLOAD_STALL_TIMEOUT",
                SHORT,
                "TORII_API_HEAD_TIMEOUT",
                "1s",
                "TORII_API_IDLE_TIMEOUT",
                "1s",
                "TORII_FORWARD_KEEP_ALIVE",
                "1s")) {
            RawClient caller = relayed.caller();

            // When
            caller.send("PUT" + ARTIFACT + "Content-Length: 5\r\n\r\nhello");

            // Then
            assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 200");
            assertThat(worked).isDone();
        }
    }

    @Test
    void mlflowMustAcceptAConnectionInTime(Vertx vertx) throws Exception {
        // Given a listener whose queue is full, so that the kernel drops what comes
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
                SocketChannel first = SocketChannel.open(full.getLocalSocketAddress());
                SocketChannel second = SocketChannel.open(full.getLocalSocketAddress())) {
            assertThat(first.isConnected() && second.isConnected()).isTrue();
            TestGateway gateway = TestGateway.start(
                    vertx,
                    "http://127.0.0.1:" + full.getLocalPort(),
                    Relayed.KEY,
                    "TORII_FORWARD_CONNECT_TIMEOUT",
                    SHORT);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(GET);

                // Then
                assertThat(caller.readUntil("}")).startsWith("HTTP/1.1 504").contains("upstream_timeout");
            }
            gateway.stop();
        }
    }

    @Test
    void mlflowMustAnswerAControlCallInTime(Vertx vertx) throws Exception {
        try (Relayed relayed =
                Relayed.to(vertx, (connection, head) -> hold(connection), "TORII_FORWARD_HEAD_TIMEOUT", SHORT)) {
            // When
            RawClient caller = relayed.caller().send(GET);

            // Then
            assertThat(caller.readUntil("}")).startsWith("HTTP/1.1 504").contains("upstream_timeout");
            relayed.awaitMetric("torii_upstream_connections 0.0");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST%s", "PUT%s"})
    void mlflowMustAnswerAnArtifactInItsOwnTime(String method, Vertx vertx) throws Exception {
        String target =
                method.startsWith("PUT") ? ARTIFACT : ARTIFACT.replace("/artifacts/1/r/a", "/mpu/complete/1/r/a");
        try (Relayed relayed = Relayed.to(
                vertx, (connection, head) -> hold(connection), "TORII_FORWARD_ARTIFACT_HEAD_TIMEOUT", SHORT)) {
            // When
            RawClient caller = relayed.caller().send(method.formatted(target) + "Content-Length: 2\r\n\r\n{}");

            // Then
            assertThat(caller.readUntil("}")).startsWith("HTTP/1.1 504").contains("upstream_timeout");
        }
    }

    @Test
    void aCallerMustGoOnSending(Vertx vertx) throws Exception {
        // Given
        CompletableFuture<String> seen = new CompletableFuture<>();
        try (Relayed relayed = Relayed.to(
                vertx,
                (connection, head) -> seen.complete(connection.readToEnd()),
                "TORII_FORWARD_UPLOAD_STALL_TIMEOUT",
                SHORT)) {
            // When a part of the body comes and no more
            RawClient caller = relayed.caller().send(PUT + "hello");

            // Then
            assertThat(caller.readToEnd())
                    .startsWith("HTTP/1.1 408")
                    .contains("caller_stalled", "\"blame\":\"caller\"", "stopped coming for 0.3 s");
            assertThat(seen.get(5, TimeUnit.SECONDS)).isEqualTo("hello");
            relayed.awaitMetric("torii_upstream_connections 0.0");
        }
    }

    @Test
    void aCallerMustGoOnSendingABodyWithoutALength(Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.toOneThatAnswers(vertx, OK, "TORII_FORWARD_UPLOAD_STALL_TIMEOUT", SHORT)) {
            // When
            RawClient caller = relayed.caller().send("PUT" + ARTIFACT + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello");

            // Then
            assertThat(caller.readToEnd()).startsWith("HTTP/1.1 408").contains("caller_stalled");
        }
    }

    @Test
    void mlflowMustGoOnReading(Vertx vertx) throws Exception {
        // Given an MLflow that reads nothing
        CompletableFuture<Void> over = new CompletableFuture<>();
        try (Relayed relayed =
                Relayed.to(vertx, (connection, head) -> over.join(), "TORII_FORWARD_UPLOAD_STALL_TIMEOUT", SHORT)) {
            RawClient caller = relayed.caller().send(PUT);
            Thread sender = new Thread(() -> {
                try {
                    caller.send("x".repeat(LENGTH));
                } catch (IOException closed) {
                    // The gateway closes after a while what is still coming.
                    over.complete(null);
                }
            });
            sender.start();

            // Then
            assertThat(caller.readUntil("}"))
                    .startsWith("HTTP/1.1 504")
                    .contains("upstream_timeout", "\"blame\":\"MLflow\"");
            relayed.awaitMetric("torii_upstream_connections 0.0");
            over.complete(null);
        }
    }

    @Test
    void mlflowMustGoOnSending(Vertx vertx) throws Exception {
        // Given an MLflow that sends a part of its answer
        try (Relayed relayed = Relayed.to(
                vertx,
                (connection, head) -> {
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
                    hold(connection);
                },
                "TORII_FORWARD_DOWNLOAD_STALL_TIMEOUT",
                SHORT)) {
            // When
            RawClient caller = relayed.caller().send(GET);

            // Then
            assertThat(caller.readToEnd()).startsWith("HTTP/1.1 200").endsWith("hello\n[reset]");
            relayed.awaitMetric("reason=\"upstream_timeout\"");
            relayed.awaitMetric("torii_upstream_connections 0.0");
        }
    }

    @Test
    void anAnswerOfWhichOnlyTheHeadCameIsACleanFailure(Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.to(
                vertx,
                (connection, head) -> {
                    connection.send("HTTP/1.1 200 Fine Indeed\r\nX-From: mlflow\r\nContent-Length: 100\r\n\r\n");
                    hold(connection);
                },
                "TORII_FORWARD_DOWNLOAD_STALL_TIMEOUT",
                SHORT)) {
            // When
            RawClient caller = relayed.caller().send(GET);

            // Then
            assertThat(caller.readUntil("}"))
                    .startsWith("HTTP/1.1 504 Gateway Timeout\r\n")
                    .contains("upstream_timeout")
                    .doesNotContain("X-From");
        }
    }

    @Test
    void aCallerMustSendEachHeadInTime(Vertx vertx) throws Exception {
        try (Relayed relayed =
                Relayed.toOneThatAnswers(vertx, OK, "TORII_API_HEAD_TIMEOUT", "1s", "TORII_API_IDLE_TIMEOUT", "1h")) {
            RawClient caller = relayed.caller();
            caller.send(GET).readUntil("{}");

            // When a second head begins and does not end
            caller.send("GET" + CONTROL);

            // Then
            assertThat(caller.readToEnd()).isEmpty();
        }
    }

    @Test
    void aCallerMayBeIdleBetweenRequests(Vertx vertx) throws Exception {
        try (Relayed relayed =
                Relayed.toOneThatAnswers(vertx, OK, "TORII_API_HEAD_TIMEOUT", "1s", "TORII_API_IDLE_TIMEOUT", "1h")) {
            RawClient caller = relayed.caller();
            caller.send(GET).readUntil("{}");

            // When more than the time for a head passes
            CompletableFuture<Void> later = new CompletableFuture<>();
            vertx.setTimer(2500, id -> later.complete(null));
            later.get(5, TimeUnit.SECONDS);

            // Then
            assertThat(caller.send(GET).readUntil("{}")).startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void aConnectionThatIsIdleTooLongIsClosed(Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.toOneThatAnswers(vertx, OK, "TORII_API_IDLE_TIMEOUT", "1s")) {
            RawClient caller = relayed.caller();

            // When
            caller.send(GET).readUntil("{}");

            // Then
            assertThat(caller.readToEnd()).isEmpty();
        }
    }

    @Test
    void aCallerThatWaitsInVainForAConnectionToMlflowIsToldSo(Vertx vertx) throws Exception {
        // Given the only connection, in use
        CompletableFuture<Void> over = new CompletableFuture<>();
        CompletableFuture<Void> used = new CompletableFuture<>();
        try (Relayed relayed = Relayed.to(
                vertx,
                (connection, head) -> {
                    used.complete(null);
                    over.join();
                    connection.send(OK);
                },
                "TORII_FORWARD_CONNECTIONS",
                "1",
                "TORII_FORWARD_POOL_WAIT",
                SHORT)) {
            RawClient first = relayed.caller().send(GET);
            used.get(5, TimeUnit.SECONDS);

            // When
            RawClient second = relayed.caller().send(GET);

            // Then
            assertThat(second.readUntil("}")).startsWith("HTTP/1.1 503").contains("overloaded");
            over.complete(null);
            assertThat(first.readUntil("{}")).startsWith("HTTP/1.1 200");
        }
    }
}

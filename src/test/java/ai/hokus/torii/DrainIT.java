package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.ARTIFACT;
import static ai.hokus.torii.support.Relayed.CONTROL;
import static ai.hokus.torii.support.Relayed.GET;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.Relayed;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.junit5.VertxExtension;
import java.net.ConnectException;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What callers' connections see of a gateway that is told to end: before, during and behind the drain delay. */
@ExtendWith(VertxExtension.class)
class DrainIT {

    private static final int BYTES = 12_000_000;
    private static final String LONG = "10m";
    private static final String SHORT = "300ms";

    private final CompletableFuture<Void> arrived = new CompletableFuture<>();
    private final CompletableFuture<Void> released = new CompletableFuture<>();

    private static RawMlflow.Script artifact(String framing, String body) {
        return (connection, head) -> {
            connection.send("HTTP/1.1 200 OK\r\n" + framing + "\r\n" + body);
            connection.readToEnd();
        };
    }

    /** Says when the first request of each connection has come, and answers it, and all others, when it is released. */
    private Relayed held(Vertx vertx, String... settings) throws Exception {
        return Relayed.to(
                vertx,
                (connection, first) -> {
                    for (String head = first; !head.isEmpty(); head = connection.nextHead()) {
                        arrived.complete(null);
                        released.join();
                        connection.send(Relayed.OK);
                    }
                },
                settings);
    }

    private static void awaitClosed(Relayed relayed) {
        awaitClosed(relayed.gateway().port());
    }

    private static void awaitClosed(int port) {
        Await.until("the listening socket is closed", () -> {
            try {
                new RawClient(port).close();
                return false;
            } catch (SocketException e) {
                // One that comes in the very moment is reset; the next one is refused.
                return e instanceof ConnectException;
            }
        });
    }

    @Test
    void letsASlowReaderHaveAllOfItsAnswer(Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.to(vertx, artifact("Content-Length: " + BYTES + "\r\n", "x".repeat(BYTES)))) {
            // Given a caller that has its answer's first bytes
            RawClient slow = relayed.caller().send("GET" + ARTIFACT + "\r\n");
            slow.readUntil("x");

            // When
            Future<Void> drained = relayed.gateway().gateway().drain();

            // Then
            assertThat(slow.readToEnd()).hasSize(BYTES - 1).doesNotContain("[reset]");
            drained.await(10, TimeUnit.SECONDS);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.0", "HTTP/1.1"})
    void resetsWhatHasNotEndedWhenTheGraceIsOver(String version, Vertx vertx) throws Exception {
        // Given an answer that does not end, which HTTP/1.0 would mark by the end of the connection
        try (Relayed relayed = Relayed.to(
                vertx, artifact("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"), "TORII_DRAIN_GRACE", SHORT)) {
            RawClient caller = relayed.caller().send("GET" + ARTIFACT.replace("HTTP/1.1", version) + "\r\n");
            caller.readUntil("hello");

            // When
            Future<Void> drained = relayed.gateway().gateway().drain();

            // Then
            assertThat(caller.readToEnd()).endsWith("[reset]");
            drained.await(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void closesBehindTheAnswerOfARequestThatCameWhileDraining(Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.toOneThatAnswers(vertx, Relayed.OK, "TORII_DRAIN_DELAY", "3s")) {
            RawClient caller = relayed.caller();
            caller.send(GET).readUntil("{}");
            CompletableFuture<Void> drained =
                    relayed.gateway().gateway().drain().toCompletionStage().toCompletableFuture();

            // When
            caller.send(GET);

            // Then it is answered, and its connection ends before the listener does
            assertThat(caller.readToEnd())
                    .startsWith("HTTP/1.1 200")
                    .containsIgnoringCase("connection: close")
                    .endsWith("{}");
            assertThat(drained).isNotDone();
            drained.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void announcesTheEndAlsoInAnAnswerToARequestThatCameBefore(Vertx vertx) throws Exception {
        try (Relayed relayed = held(vertx, "TORII_DRAIN_DELAY", LONG)) {
            RawClient caller = relayed.caller().send(GET);
            arrived.get(10, TimeUnit.SECONDS);

            // When
            relayed.gateway().gateway().drain();
            Await.until(
                    "/ready says no", () -> relayed.gateway().manage("/ready").statusCode() == 503);
            released.complete(null);

            // Then
            assertThat(caller.readToEnd())
                    .startsWith("HTTP/1.1 200")
                    .containsIgnoringCase("connection: close")
                    .endsWith("{}");
            relayed.gateway().gateway().cut();
        }
    }

    @Test
    void answersAllThatWasPipelinedAndAnnouncesTheEndInTheLast(Vertx vertx) throws Exception {
        try (Relayed relayed = held(vertx)) {
            RawClient caller = relayed.caller().send(GET + GET + GET);
            arrived.get(10, TimeUnit.SECONDS);

            // When
            relayed.gateway().gateway().drain();
            awaitClosed(relayed);
            released.complete(null);

            // Then
            assertThat(caller.readMessage().fields("Connection")).isEmpty();
            assertThat(caller.readMessage().fields("Connection")).isEmpty();
            assertThat(caller.readMessage().fields("Connection")).containsExactly("close");
            assertThat(caller.readToEnd()).isEmpty();
        }
    }

    @Test
    void servesNewConnectionsDuringTheDelayAndRefusesThemBehindIt(Vertx vertx) throws Exception {
        try (Relayed relayed = held(vertx, "TORII_DRAIN_DELAY", "2s")) {
            RawClient old = relayed.caller().send(GET);
            arrived.get(10, TimeUnit.SECONDS);

            // When
            relayed.gateway().gateway().drain();
            RawClient during = relayed.caller().send(GET);
            awaitClosed(relayed);
            released.complete(null);

            // Then
            assertThat(old.readToEnd()).startsWith("HTTP/1.1 200").endsWith("{}");
            assertThat(during.readToEnd()).startsWith("HTTP/1.1 200").endsWith("{}");
        }
    }

    @Test
    void closesAnIdleConnectionBehindTheDelayAndNotBefore(Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.toOneThatAnswers(vertx, Relayed.OK, "TORII_DRAIN_DELAY", "1s")) {
            RawClient idle = relayed.caller();
            RawClient unused = relayed.caller();
            idle.send(GET).readUntil("{}");
            long told = System.nanoTime();

            // When
            Future<Void> drained = relayed.gateway().gateway().drain();

            // Then by a FIN
            assertThat(idle.readToEnd()).isEmpty();
            assertThat(Duration.ofNanos(System.nanoTime() - told)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            assertThat(unused.readToEnd()).isEmpty();
            drained.await(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void servesARequestThatComesRightBehindTheDelayOnAConnectionThatWasInUse(Vertx vertx) throws Exception {
        // Given an answer that has begun before the drain, and so did not say that the connection ends
        try (Relayed relayed = Relayed.to(
                vertx,
                (connection, head) -> {
                    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
                    released.join();
                    connection.send("0\r\n\r\n");
                    connection.readHead();
                    connection.send(Relayed.OK);
                },
                "TORII_DRAIN_DELAY",
                "1s")) {
            RawClient caller = relayed.caller().send("GET" + ARTIFACT + "\r\n");
            caller.readUntil("hello");
            relayed.gateway().gateway().drain();
            awaitClosed(relayed);
            released.complete(null);
            caller.readUntil("0\r\n\r\n");

            // When
            caller.send(GET);

            // Then
            assertThat(caller.readToEnd())
                    .startsWith("HTTP/1.1 200")
                    .containsIgnoringCase("connection: close")
                    .endsWith("{}");
        }
    }

    @Test
    void servesARequestWhoseHeadHadBegun(Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.toOneThatAnswers(vertx, Relayed.OK)) {
            RawClient caller = relayed.caller();
            caller.send(GET).readUntil("{}");
            caller.send(GET.substring(0, 30));
            RawClient fence = relayed.caller();
            fence.send(GET).readUntil("{}");

            // When
            relayed.gateway().gateway().drain();
            awaitClosed(relayed);
            caller.send(GET.substring(30));

            // Then
            assertThat(caller.readToEnd()).startsWith("HTTP/1.1 200").endsWith("{}");
        }
    }

    @Test
    void letsASpooledUploadEnd(Vertx vertx) throws Exception {
        // Given an upload without a length, too large for memory, half of which has come
        String half = "x".repeat(100_000);
        String chunk = Integer.toHexString(half.length()) + "\r\n" + half + "\r\n";
        CompletableFuture<Integer> stored = new CompletableFuture<>();
        try (Relayed relayed = Relayed.to(vertx, (connection, head) -> {
            assertThat(head).containsIgnoringCase("content-length: 200000");
            stored.complete(connection.read(200_000).length);
            connection.send(Relayed.OK);
        })) {
            RawClient caller = relayed.caller().send("PUT" + ARTIFACT + "Transfer-Encoding: chunked\r\n\r\n" + chunk);
            relayed.awaitMetric("torii_spool_bytes 100000");

            // When
            Future<Void> drained = relayed.gateway().gateway().drain();
            awaitClosed(relayed);
            caller.send(chunk + "0\r\n\r\n");

            // Then
            assertThat(caller.readToEnd()).startsWith("HTTP/1.1 200").endsWith("{}");
            assertThat(stored.get(1, TimeUnit.SECONDS)).isEqualTo(200_000);
            drained.await(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void sendsAReadAgainWhoseConnectionDies(Vertx vertx) throws Exception {
        // Given a pooled connection that dies of its second request
        try (Relayed relayed = Relayed.to(vertx, (connection, head) -> {
            connection.send(Relayed.OK);
            if (!connection.nextHead().isEmpty()) {
                arrived.complete(null);
                released.join();
            }
        })) {
            RawClient caller = relayed.caller();
            caller.send(GET).readUntil("{}");
            caller.send(GET);
            arrived.get(10, TimeUnit.SECONDS);

            // When
            relayed.gateway().gateway().drain();
            awaitClosed(relayed);
            released.complete(null);

            // Then
            assertThat(caller.readToEnd()).startsWith("HTTP/1.1 200").endsWith("{}");
        }
    }

    @Test
    void goesOnTellingAPythonClientThatItsUploadIsWorkedOn(Vertx vertx) throws Exception {
        try (Relayed relayed = held(vertx, "TORII_FORWARD_INTERIM_INTERVAL", "500ms")) {
            RawClient caller = relayed.caller()
                    .send("PUT" + ARTIFACT + "User-Agent: mlflow-python-client/3.17.2\r\nContent-Length: 1\r\n\r\nx");
            arrived.get(10, TimeUnit.SECONDS);

            // When
            relayed.gateway().gateway().drain();
            awaitClosed(relayed);

            // Then
            caller.readUntil("HTTP/1.1 100 Continue\r\n\r\n");
            released.complete(null);
            assertThat(caller.readToEnd()).contains("HTTP/1.1 200").endsWith("{}");
        }
    }

    @Test
    void waitsForTheVerdictOnAKey(Vertx vertx) throws Exception {
        // Given a question that the auth service has not answered yet
        StubServer mlflow = StubServer.start(vertx);
        StubAuthService auth = StubAuthService.start(vertx).knowing(Relayed.KEY, "mlflow:write");
        CompletableFuture<HttpServerResponse> asked = new CompletableFuture<>();
        auth.lying((call, response) -> {
            if (call.headers().get("Authorization").contains(Relayed.KEY)) {
                asked.complete(response);
            } else {
                response.setStatusCode(401).end("Invalid or expired API key");
            }
        });
        TestGateway gateway = TestGateway.start(
                vertx, TestGateway.environment(mlflow.url(), auth.url(), "AUTH_SERVICE_TIMEOUT", "10"));
        try (RawClient caller = new RawClient(gateway.port())) {
            caller.send(GET);
            HttpServerResponse verdict = asked.get(10, TimeUnit.SECONDS);

            // When
            Future<Void> drained = gateway.gateway().drain();
            awaitClosed(gateway.port());
            verdict.end("{\"is_valid\":true,\"key_id\":\"k\",\"user_id\":\"u\",\"scopes\":[\"mlflow:write\"]}");

            // Then
            assertThat(caller.readToEnd()).startsWith("HTTP/1.1 200");
            drained.await(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void keepsTheManagementListenerUntilNothingIsInFlight(Vertx vertx) throws Exception {
        try (Relayed relayed = held(vertx)) {
            RawClient caller = relayed.caller().send(GET);
            arrived.get(10, TimeUnit.SECONDS);

            // When
            Future<Void> drained = relayed.gateway().gateway().drain();
            awaitClosed(relayed);

            // Then
            assertThat(relayed.gateway().manage("/ready").statusCode()).isEqualTo(503);
            assertThat(relayed.gateway().metric("torii_requests_in_flight")).isEqualTo(1);
            released.complete(null);
            assertThat(caller.readToEnd()).endsWith("{}");
            drained.await(10, TimeUnit.SECONDS);
            // On a connection of its own: a client that has one may not have heard yet that it is closed.
            awaitClosed(relayed.gateway().managementPort());
        }
    }

    @ParameterizedTest(name = "when {0}")
    @ValueSource(strings = {"the grace is over", "it is told again"})
    void resetsBothSidesOfAnUpload(String why, Vertx vertx) throws Exception {
        // Given
        boolean isCut = why.equals("it is told again");
        CompletableFuture<String> got = new CompletableFuture<>();
        try (Relayed relayed = Relayed.to(
                vertx,
                (connection, head) -> {
                    arrived.complete(null);
                    got.complete(connection.readToEnd());
                },
                "TORII_DRAIN_DELAY",
                isCut ? LONG : "0s",
                "TORII_DRAIN_GRACE",
                isCut ? LONG : SHORT)) {
            RawClient caller =
                    relayed.caller().send("PUT" + ARTIFACT + "Content-Length: 100000\r\n\r\n" + "x".repeat(99_999));
            arrived.get(10, TimeUnit.SECONDS);

            // When
            Future<Void> drained = relayed.gateway().gateway().drain();
            if (isCut) {
                relayed.gateway().gateway().cut();
            }

            // Then
            assertThat(caller.readToEnd()).isEqualTo("\n[reset]");
            assertThat(got.get(10, TimeUnit.SECONDS)).hasSizeLessThan(100_000);
            drained.await(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void isCutByASecondOrderDuringTheDelay(Vertx vertx) throws Exception {
        try (Relayed relayed = held(vertx, "TORII_DRAIN_DELAY", LONG, "TORII_DRAIN_GRACE", LONG)) {
            RawClient caller = relayed.caller().send("GET" + CONTROL + "\r\n");
            arrived.get(10, TimeUnit.SECONDS);
            Future<Void> drained = relayed.gateway().gateway().drain();

            // When
            relayed.gateway().gateway().cut();

            // Then
            assertThat(caller.readToEnd()).isEqualTo("\n[reset]");
            drained.await(10, TimeUnit.SECONDS);
            released.complete(null);
        }
    }
}

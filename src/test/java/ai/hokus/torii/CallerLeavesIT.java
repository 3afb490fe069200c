package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.ARTIFACT;
import static ai.hokus.torii.support.Relayed.GET;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.Relayed;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A caller that leaves takes its call to MLflow with it, long before any limit in time. */
@ExtendWith(VertxExtension.class)
class CallerLeavesIT {

    private static final String PUT = "PUT" + ARTIFACT + "Content-Length: 1000\r\n\r\n";
    private static final String LONG_ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n";

    private static void leave(RawClient caller, String how) throws Exception {
        switch (how) {
            case "close" -> caller.close();
            case "reset" -> caller.reset();
            default -> caller.finish();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "request head out,close", "request head out,reset", "request head out,finish",
        "body on its way,close", "body on its way,reset", "body on its way,finish",
        "answer awaited,close", "answer awaited,reset", "answer awaited,finish",
        "answer on its way,close", "answer on its way,reset", "answer on its way,finish"
    })
    void endsTheCallToMlflow(String when, String how, Vertx vertx) throws Exception {
        // Given an exchange that has come so far
        CompletableFuture<Void> reached = new CompletableFuture<>();
        CompletableFuture<String> end = new CompletableFuture<>();
        try (Relayed relayed = Relayed.to(vertx, (connection, head) -> {
            if (when.startsWith("body")) {
                connection.read(5);
            }
            if (when.startsWith("answer on")) {
                connection.send(LONG_ANSWER + "hello");
            }
            reached.complete(null);
            end.complete(connection.readToEnd());
        })) {
            RawClient caller = relayed.caller();
            switch (when) {
                case "request head out" -> caller.send(PUT);
                case "body on its way" -> caller.send(PUT + "hello");
                case "answer awaited" -> caller.send(GET);
                default -> caller.send(GET).readUntil("hello");
            }
            reached.get(5, TimeUnit.SECONDS);

            // When
            leave(caller, how);

            // Then
            assertThat(end.get(5, TimeUnit.SECONDS)).isEmpty();
            relayed.awaitMetric("torii_requests_in_flight 0.0");
            relayed.awaitMetric("torii_upstream_connections 0.0");
            relayed.awaitMetric("reason=\"caller_gone\"");
        }
    }

    @ParameterizedTest
    @CsvSource({"1,close", "8,close", "50,close", "500,close", "8,reset", "500,reset", "500,finish"})
    void endsTheCallToMlflowThoughOtherRequestsStandBehindIt(int behind, String how, Vertx vertx) throws Exception {
        // Given
        CompletableFuture<Void> reached = new CompletableFuture<>();
        CompletableFuture<String> end = new CompletableFuture<>();
        try (Relayed relayed = Relayed.to(vertx, (connection, head) -> {
            reached.complete(null);
            end.complete(connection.readToEnd());
        })) {
            RawClient caller = relayed.caller();
            caller.send(GET + "GET /live HTTP/1.1\r\nHost: h\r\n\r\n".repeat(behind));
            reached.get(5, TimeUnit.SECONDS);

            // When
            leave(caller, how);

            // Then
            assertThat(end.get(5, TimeUnit.SECONDS)).isEmpty();
            relayed.awaitMetric("torii_requests_in_flight 0.0");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"close", "reset"})
    void endsTheCallToMlflowThoughItsAnswerIsHeldBack(String how, Vertx vertx) throws Exception {
        // Given an answer that waits for a caller that does not read
        CompletableFuture<Void> ended = new CompletableFuture<>();
        try (Relayed relayed = Relayed.to(vertx, (connection, head) -> {
            String block = "x".repeat(100_000);
            connection.send(LONG_ANSWER);
            try {
                for (int i = 0; i < 9000; i++) {
                    connection.send(block);
                }
            } catch (java.net.SocketException cut) {
                ended.complete(null);
            }
        })) {
            RawClient caller = relayed.caller();
            caller.send(GET).readUntil("x");

            // When
            leave(caller, how);

            // Then
            ended.get(5, TimeUnit.SECONDS);
            relayed.awaitMetric("torii_requests_in_flight 0.0");
            relayed.awaitMetric("torii_upstream_connections 0.0");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"close", "reset", "finish"})
    void leavesNoFileOfABodyWithoutALength(String how, Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.toOneThatAnswers(vertx, Relayed.OK)) {
            // Given a body that waits in a file
            RawClient caller = relayed.caller();
            caller.send("PUT" + ARTIFACT + "Transfer-Encoding: chunked\r\n\r\n20000\r\n" + "x".repeat(0x20000));
            relayed.awaitMetric("torii_spool_bytes 131072.0");

            // When
            leave(caller, how);

            // Then
            relayed.awaitMetric("torii_spool_bytes 0.0");
            relayed.awaitMetric("torii_requests_in_flight 0.0");
        }
    }
}

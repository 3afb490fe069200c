package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.ARTIFACT;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.Relayed;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** MLflow answers before it has the whole request. */
@ExtendWith(VertxExtension.class)
class EarlyAnswerIT {

    private static final int LENGTH = 30_000_000;
    private static final String PUT = "PUT" + ARTIFACT + "Content-Length: " + LENGTH + "\r\n\r\n";
    private static final String REFUSAL =
            "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nearly";

    /** Sends until the gateway closes, as a client does that looks for an answer only behind its body. */
    private static void send(RawClient caller, int bytes) {
        byte[] block = new byte[100_000];
        try {
            for (int sent = 0; sent < bytes; sent += block.length) {
                caller.send(block);
            }
        } catch (IOException closed) {
            assertThat(closed).hasMessageMatching("(?i).*(reset|broken pipe).*");
        }
    }

    @RepeatedTest(20)
    void reachesTheCallerThoughMlflowClosesAtOnce(Vertx vertx) throws Exception {
        // Given an MLflow that refuses an upload by its head and closes with the body unread, which resets
        try (Relayed relayed = Relayed.to(vertx, (connection, head) -> connection.send(REFUSAL))) {
            RawClient caller = relayed.caller();

            // When
            caller.send(PUT);
            send(caller, LENGTH);

            // Then
            assertThat(caller.readToEnd())
                    .startsWith("HTTP/1.1 413 Payload Too Large\r\n")
                    .containsIgnoringCase("connection: close")
                    .endsWith("early");
            relayed.awaitMetric("torii_upstream_connections 0.0");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 403, 404, 413, 500})
    void reachesTheCallerThoughMlflowNeitherReadsNorCloses(int status, Vertx vertx) throws Exception {
        // Given
        CompletableFuture<String> end = new CompletableFuture<>();
        try (Relayed relayed = Relayed.to(vertx, (connection, head) -> {
            connection.send("HTTP/1.1 " + status + " No\r\nContent-Length: 5\r\n\r\nearly");
            end.complete(connection.readToEnd());
        })) {
            RawClient caller = relayed.caller();

            // When only a part of the body is sent
            caller.send(PUT + "x".repeat(100_000));

            // Then the caller has the answer, MLflow's connection is cut and not used again
            assertThat(caller.readUntil("early"))
                    .startsWith("HTTP/1.1 " + status)
                    .containsIgnoringCase("connection: close");
            assertThat(end.get(5, TimeUnit.SECONDS).length()).isLessThan(LENGTH);
            relayed.awaitMetric("torii_upstream_connections 0.0");
        }
    }

    @Test
    void doesNotStopABodyThatMlflowStillReads(Vertx vertx) throws Exception {
        // Given an MLflow that begins its answer first and ends it behind the body
        CompletableFuture<Integer> received = new CompletableFuture<>();
        try (Relayed relayed = Relayed.to(vertx, (connection, head) -> {
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n");
            received.complete(connection.read(LENGTH).length);
            connection.send("5\r\nended\r\n0\r\n\r\n");
        })) {
            RawClient caller = relayed.caller();

            // When
            caller.send(PUT);
            caller.readUntil("begun");
            send(caller, LENGTH);

            // Then
            assertThat(caller.readToEnd()).contains("ended").endsWith("0\r\n\r\n");
            assertThat(received.get(5, TimeUnit.SECONDS)).isEqualTo(LENGTH);
        }
    }

    @Test
    void answers502WhenMlflowClosesWithoutAWord(Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.to(vertx, (connection, head) -> connection.read(1000))) {
            RawClient caller = relayed.caller();

            // When
            caller.send(PUT);
            send(caller, LENGTH);

            // Then
            assertThat(caller.readToEnd()).startsWith("HTTP/1.1 502").contains("upstream_broken");
        }
    }
}

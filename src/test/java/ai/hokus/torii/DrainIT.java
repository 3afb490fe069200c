package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.ARTIFACT;
import static ai.hokus.torii.support.Relayed.GET;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.Relayed;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Transfers that are on their way when the gateway is told to end. */
@ExtendWith(VertxExtension.class)
class DrainIT {

    private static final int BYTES = 12_000_000;

    private static RawMlflow.Script artifact(String framing, String body) {
        return (connection, head) -> {
            connection.send("HTTP/1.1 200 OK\r\n" + framing + "\r\n" + body);
            connection.readToEnd();
        };
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
                vertx, artifact("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"), "TORII_DRAIN_GRACE", "300ms")) {
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
}

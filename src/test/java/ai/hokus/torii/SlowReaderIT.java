package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.ARTIFACT;
import static ai.hokus.torii.support.Relayed.GET;
import static ai.hokus.torii.support.Relayed.OK;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.Relayed;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A caller that reads its answer slowly, or not at all. */
@ExtendWith(VertxExtension.class)
class SlowReaderIT {

    private static final String DOWNLOAD = "GET" + ARTIFACT + "\r\n";

    /** Artifacts of this size; everything else is small. */
    private static RawMlflow.Script artifactsOf(int bytes, boolean keepsConnections) {
        return (connection, first) -> {
            for (String head = first; !head.isEmpty(); head = keepsConnections ? connection.nextHead() : "") {
                connection.send(
                        head.startsWith("GET /api/2.0/mlflow-artifacts")
                                ? "HTTP/1.1 200 OK\r\nContent-Length: " + bytes + "\r\n\r\n" + "x".repeat(bytes)
                                : OK);
            }
        };
    }

    /** Sizes around all that the gateway and the kernel can hold: some answers end while they are held back. */
    @ParameterizedTest
    @ValueSource(
            ints = {
                100_000,
                1_000_000,
                3_000_000,
                4_000_000,
                4_500_000,
                5_000_000,
                5_200_000,
                5_400_000,
                5_600_000,
                5_800_000,
                6_000_000,
                6_500_000,
                7_000_000,
                8_000_000,
                12_000_000
            })
    void neverHoldsUpTheNextCaller(int bytes, Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.to(vertx, artifactsOf(bytes, true))) {
            // Given a caller that has asked and does not read
            RawClient slow = relayed.caller();
            slow.send(DOWNLOAD).readUntil("x");

            // When others ask
            for (int i = 0; i < 5; i++) {
                RawClient other = relayed.caller();
                other.send(GET);

                // Then they are answered
                assertThat(other.readUntil("{}")).startsWith("HTTP/1.1 200");
            }

            // And so is the first, in full
            assertThat(slow.read(bytes - 1)).hasSize(bytes - 1);
            slow.send(GET);
            assertThat(slow.readUntil("{}")).startsWith("HTTP/1.1 200");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1_000_000, 5_000_000, 12_000_000})
    void getsAllOfItThoughMlflowHasClosedLongAgo(int bytes, Vertx vertx) throws Exception {
        // Given an MLflow that closes behind its answer
        try (Relayed relayed = Relayed.to(vertx, artifactsOf(bytes, false))) {
            RawClient slow = relayed.caller();
            slow.send(DOWNLOAD).readUntil("x");
            relayed.caller().send(GET).readUntil("{}");

            // When it reads at last
            String rest = slow.read(bytes - 1);

            // Then
            assertThat(rest).hasSize(bytes - 1);
            slow.send(GET);
            assertThat(slow.readUntil("{}")).startsWith("HTTP/1.1 200");
        }
    }

    /** Each answer is small, so that none of them is held back for itself. */
    @ParameterizedTest
    @ValueSource(strings = {"GET /live HTTP/1.1\r\nHost: h\r\n\r\n", GET})
    void isAskedForNoFurtherRequestsUntilItReads(String request, Vertx vertx) throws Exception {
        // Given a caller that asks on and on and does not read
        int most = 60_000_000;
        AtomicLong sent = new AtomicLong();
        try (Relayed relayed = Relayed.to(vertx, artifactsOf(1, true))) {
            RawClient caller = relayed.caller();
            byte[] many = request.repeat(1000).getBytes(StandardCharsets.ISO_8859_1);
            CompletableFuture<Void> over = new CompletableFuture<>();
            Thread sender = new Thread(() -> {
                try {
                    while (sent.get() < most) {
                        caller.send(many);
                        sent.addAndGet(many.length);
                    }
                    over.complete(null);
                } catch (IOException e) {
                    over.completeExceptionally(e);
                }
            });
            sender.setDaemon(true);
            sender.start();

            // When it is not taken from it any more
            long before = -1;
            while (before != sent.get()) {
                before = sent.get();
                CompletableFuture<Void> later = new CompletableFuture<>();
                vertx.setTimer(1000, id -> later.complete(null));
                later.get(5, TimeUnit.SECONDS);
            }

            // Then it is long before all of it, and the first answers are there when it reads
            assertThat(sent.get()).isLessThan(most);
            assertThat(over).isNotDone();
            for (int i = 0; i < 5000; i++) {
                assertThat(caller.readUntil("}")).contains("HTTP/1.1 200");
            }
        }
    }

    @Test
    void isCutOffAfterTheStallTimeAndBlamed(Vertx vertx) throws Exception {
        try (Relayed relayed =
                Relayed.to(vertx, artifactsOf(30_000_000, true), "TORII_FORWARD_DOWNLOAD_STALL_TIMEOUT", "300ms")) {
            // When
            RawClient slow = relayed.caller();
            slow.send(DOWNLOAD).readUntil("x");

            // Then both connections are given up
            relayed.awaitMetric("reason=\"caller_stalled\"");
            relayed.awaitMetric("torii_requests_in_flight 0.0");
            relayed.awaitMetric("torii_upstream_connections 0.0");
            assertThat(slow.readToEnd()).hasSizeLessThan(30_000_000).endsWith("[reset]");
        }
    }
}

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

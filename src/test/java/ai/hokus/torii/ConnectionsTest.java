package ai.hokus.torii;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.ListenerConfig;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.telemetry.Throttle;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Connections on which an answer is over for the gateway, but not for the wire. */
@ExtendWith(VertxExtension.class)
class ConnectionsTest {

    private static final int BYTES = 20_000_000;
    private static final String GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

    private static final ListenerConfig.Caps CAPS = new ListenerConfig.Caps(10, 10);

    private final ConnectionCaps caps =
            new ConnectionCaps(cap -> {}, new Throttle(System::nanoTime, Duration.ofSeconds(1)));
    private final CompletableFuture<Void> answered = new CompletableFuture<>();

    /** A server that hands an answer over as a whole, however slowly it is read. */
    private HttpServer start(Vertx vertx, Duration stall, Duration idle) throws Exception {
        ListenerConfig config = new ListenerConfig(
                "127.0.0.1",
                0,
                1,
                Duration.ofMinutes(1),
                idle,
                8192,
                8192,
                Optional.empty(),
                Optional.empty(),
                CAPS,
                List.of());
        CompletableFuture<HttpServer> listening = new CompletableFuture<>();
        vertx.runOnContext(v -> {
            Connections connections = new Connections(vertx, config, stall, caps, () -> false);
            vertx.createHttpServer(new HttpServerOptions().setHttp2ClearTextEnabled(false))
                    .connectionHandler(connections::accepted)
                    .requestHandler(request -> {
                        connections.opened(request);
                        request.response().end(Buffer.buffer(new byte[BYTES]));
                        answered.complete(null);
                    })
                    .listen(0, "127.0.0.1")
                    .onSuccess(listening::complete);
        });
        return listening.get(5, SECONDS);
    }

    @Test
    void endsAConnectionWhoseAnswerIsNotReadWithinTheStallTime(Vertx vertx) throws Exception {
        // Given
        HttpServer server = start(vertx, Duration.ofSeconds(1), Duration.ofHours(1));
        try (RawClient caller = new RawClient(server.actualPort())) {
            caller.send(GET);
            answered.get(5, SECONDS);

            // When nothing is read for longer
            CompletableFuture<Void> later = new CompletableFuture<>();
            vertx.setTimer(4000, id -> later.complete(null));
            later.get(10, SECONDS);

            // Then
            String read = caller.readToEnd();
            assertThat(read.length()).isLessThan(BYTES);
            assertThat(read.endsWith("[reset]")).isTrue();
        }
    }

    @Test
    void leavesAConnectionAloneWhoseAnswerIsReadSlowly(Vertx vertx) throws Exception {
        // Given
        HttpServer server = start(vertx, Duration.ofSeconds(2), Duration.ofHours(1));
        // Small buffers: of large ones the system tells the writer in steps that may take longer than the stall time.
        try (RawClient caller = new RawClient(server.actualPort(), 256 * 1024)) {
            caller.send(GET);
            answered.get(5, SECONDS);
            caller.readUntil("\r\n\r\n");

            // When it is read in pieces, over more than the stall time
            int pieces = 10;
            for (int i = 0; i < pieces; i++) {
                assertThat(caller.read(BYTES / pieces).length()).isEqualTo(BYTES / pieces);
                CompletableFuture<Void> later = new CompletableFuture<>();
                vertx.setTimer(400, id -> later.complete(null));
                later.get(5, SECONDS);
            }

            // Then the connection serves on
            assertThat(caller.send(GET).readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200");
        }
    }
}

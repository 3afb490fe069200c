package ai.hokus.torii.wire;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.RawClient;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.junit5.VertxExtension;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Vert.x' own server lets through, or loses. */
@ExtendWith(VertxExtension.class)
class CallerWireTest {

    private static final int BYTES = 20_000_000;
    private static final String HEAD = " / HTTP/1.1\r\nHost: h\r\n\r\n";

    private final ConcurrentLinkedQueue<CallerWire> wires = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<CallerWire.Fault> faults = new ConcurrentLinkedQueue<>();

    private HttpServer start(Vertx vertx, Handler<HttpServerRequest> handler) throws Exception {
        return vertx.createHttpServer(new HttpServerOptions().setHttp2ClearTextEnabled(false))
                .connectionHandler(connection -> {
                    wires.add(CallerWire.install(connection, 100, 300, 8192));
                    connection.exceptionHandler(cause -> {});
                })
                .invalidRequestHandler(request -> {
                    faults.add(CallerWire.fault(request));
                    request.response().setStatusCode(400).end();
                })
                .requestHandler(handler)
                .listen(0, "127.0.0.1")
                .await(5, SECONDS);
    }

    @ParameterizedTest
    @CsvSource({
        "'GET  / HTTP/1.1',SYNTAX",
        "'GET /  HTTP/1.1',SYNTAX",
        "' GET / HTTP/1.1',SYNTAX",
        "'GET\t/\tHTTP/1.1',SYNTAX",
        "'GET / / HTTP/1.1',SYNTAX",
        "'GET /',SYNTAX",
        "'GET / http/1.1',SYNTAX",
        "'GET / HTTP/9.9',VERSION",
        "'GET / HTTP/2.0',VERSION",
        "'GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1',LINE_TOO_LONG"
    })
    void refusesWhatIsNoRequestLine(String line, CallerWire.Fault fault, Vertx vertx) throws Exception {
        // Given
        HttpServer server = start(vertx, request -> request.response().end());
        try (RawClient caller = new RawClient(server.actualPort())) {
            // When
            caller.send(line + "\r\nHost: h\r\n\r\n");

            // Then
            assertThat(caller.readToEnd()).contains(" 400 ");
            assertThat(faults).containsExactly(fault);
        }
    }

    @Test
    void refusesAHeadThatIsTooLarge(Vertx vertx) throws Exception {
        // Given
        HttpServer server = start(vertx, request -> request.response().end());
        try (RawClient caller = new RawClient(server.actualPort())) {
            // When
            caller.send("GET / HTTP/1.1\r\nHost: h\r\nX-A: " + "a".repeat(400) + "\r\n\r\n");

            // Then
            assertThat(caller.readToEnd()).contains(" 400 ");
            assertThat(faults).containsExactly(CallerWire.Fault.HEAD_TOO_LARGE);
        }
    }

    @Test
    void knowsWhenAHeadHasBegun(Vertx vertx) throws Exception {
        // Given
        HttpServer server = start(
                vertx, request -> request.endHandler(v -> request.response().end("done")));
        try (RawClient caller = new RawClient(server.actualPort())) {
            // When a whole request, then a body, then parts of a head
            caller.send("GET" + HEAD).readUntil("done");
            CallerWire wire = wires.element();
            assertThat(wire.isInHead()).isFalse();
            caller.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello");
            caller.send("hello").readUntil("done");
            assertThat(wire.isInHead()).isFalse();
            caller.send("GE");

            // Then
            Await.until("the beginning of a head", wire::isInHead);
            caller.send("T / HTTP/1.1\r\n").send("Host: h\r\n");
            assertThat(wire.isInHead()).isTrue();
            caller.send("\r\n").readUntil("done");
            assertThat(wire.isInHead()).isFalse();
        }
    }

    @Test
    void losesNothingThatIsWrittenWhenTheServerShutsDown(Vertx vertx) throws Exception {
        // Given an answer that is handed to the connection, and a caller that has not read it yet
        CompletableFuture<Void> answered = new CompletableFuture<>();
        HttpServer server = start(vertx, request -> {
            request.response().end(Buffer.buffer(new byte[BYTES]));
            answered.complete(null);
        });
        try (RawClient caller = new RawClient(server.actualPort())) {
            caller.send("GET" + HEAD);
            answered.get(5, SECONDS);

            // When
            Future<Void> shutdown = server.shutdown(5, SECONDS);

            // Then
            assertThat(caller.readUntil("\r\n\r\n")).contains("200");
            assertThat(caller.readToEnd().length()).isEqualTo(BYTES);
            shutdown.await(5, SECONDS);
        }
    }

    @Test
    void cutsACallerThatDoesNotRead(Vertx vertx) throws Exception {
        // Given
        CompletableFuture<HttpServerRequest> asked = new CompletableFuture<>();
        HttpServer server = start(vertx, request -> {
            request.response().setChunked(true).write(Buffer.buffer(new byte[BYTES]));
            asked.complete(request);
        });
        try (RawClient caller = new RawClient(server.actualPort())) {
            caller.send("GET" + HEAD);
            HttpServerRequest request = asked.get(5, SECONDS);

            // When
            Wire.channel(request.connection()).eventLoop().execute(() -> Wire.abort(request.connection()));

            // Then
            Wire.channel(request.connection()).closeFuture().get(5, SECONDS);
            assertThat(caller.readToEnd()).endsWith("[reset]");
        }
    }
}

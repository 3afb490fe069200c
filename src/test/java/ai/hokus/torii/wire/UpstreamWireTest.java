package ai.hokus.torii.wire;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.RawServer;
import io.netty.channel.Channel;
import io.netty.channel.socket.DuplexChannel;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.junit5.VertxExtension;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What Vert.x' own client gets wrong for a relay; one connection, so that whatever is wrong with it shows. */
@ExtendWith(VertxExtension.class)
class UpstreamWireTest {

    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    private static final String CHUNKED =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

    private Vertx vertx;
    private HttpClientAgent client;

    @BeforeEach
    void start(Vertx given) {
        vertx = given;
        client = vertx.httpClientBuilder()
                .with(new HttpClientOptions())
                .with(new PoolOptions().setHttp1MaxSize(1))
                .withConnectHandler(connection -> {
                    UpstreamWire.install(connection, 8192, 8192);
                    connection.exceptionHandler(cause -> {});
                })
                .build();
    }

    private CompletableFuture<HttpClientRequest> request(RawServer server) {
        return future(client.request(HttpMethod.GET, server.port(), "127.0.0.1", "/"));
    }

    private static <T> CompletableFuture<T> future(Future<T> future) {
        return future.toCompletionStage().toCompletableFuture();
    }

    /** Sends a metered request on the event loop of its connection, and pauses the answer at once. */
    private static CompletableFuture<HttpClientResponse> pausedAnswer(HttpClientRequest request) {
        CompletableFuture<HttpClientResponse> answer = new CompletableFuture<>();
        onLoop(request, () -> {
            UpstreamWire.of(request.connection()).meter();
            request.send().onSuccess(response -> answer.complete(response.pause()));
        });
        return answer;
    }

    /** Reads the answer as the relay does: whoever takes bytes says so. */
    private static CompletableFuture<String> rest(HttpClientRequest request, HttpClientResponse answer) {
        CompletableFuture<String> body = new CompletableFuture<>();
        Buffer read = Buffer.buffer();
        onLoop(request, () -> {
            answer.handler(chunk -> {
                read.appendBuffer(chunk);
                UpstreamWire.of(request.connection()).took(chunk.length());
            });
            answer.exceptionHandler(body::completeExceptionally);
            answer.endHandler(v -> body.complete(read.toString()));
            answer.resume();
        });
        return body;
    }

    private static void onLoop(HttpClientRequest request, Runnable action) {
        Wire.channel(request.connection()).eventLoop().execute(action);
    }

    @Test
    void keepsAConnectionUntilItsAnswerHasBeenTaken() throws Exception {
        // Given an answer that has come whole and that nobody reads yet
        BlockingQueue<String> heads = new LinkedBlockingQueue<>();
        try (RawServer server = new RawServer(connection -> {
            for (String head = connection.nextHead(); !head.isEmpty(); head = connection.nextHead()) {
                heads.add(head);
                connection.send(CHUNKED);
            }
        })) {
            HttpClientRequest first = request(server).get(5, SECONDS);
            HttpClientResponse answer = pausedAnswer(first).get(5, SECONDS);
            heads.poll(5, SECONDS);

            // When another request waits for the connection
            CompletableFuture<HttpClientRequest> second = request(server);

            // Then it gets it when the first answer is read
            assertThat(heads.poll(300, java.util.concurrent.TimeUnit.MILLISECONDS))
                    .isNull();
            assertThat(second).isNotDone();
            assertThat(rest(first, answer).get(5, SECONDS)).isEqualTo("hello");
            second.get(5, SECONDS).send();
            assertThat(heads.poll(5, SECONDS)).isNotNull();
        }
    }

    @Test
    void losesNothingOfAnAnswerThatWaitsWhenTheServerCloses() throws Exception {
        try (RawServer server = new RawServer(connection -> {
            connection.readHead();
            connection.send(CHUNKED);
        })) {
            // Given an answer that has come whole, and its connection's end behind it
            HttpClientRequest request = request(server).get(5, SECONDS);
            HttpClientResponse answer = pausedAnswer(request).get(5, SECONDS);
            Channel channel = Wire.channel(request.connection());
            Await.until("the end of the input", () -> !channel.isOpen() || ((DuplexChannel) channel).isInputShutdown());

            // When
            CompletableFuture<String> rest = rest(request, answer);

            // Then
            assertThat(rest.get(5, SECONDS)).isEqualTo("hello");
            channel.closeFuture().get(5, SECONDS);
        }
    }

    @Test
    void knowsWhetherAConnectionIsUsedAgainAndWhetherAnAnswerHasBegun() throws Exception {
        try (RawServer server = new RawServer(connection -> {
            connection.readHead();
            connection.send(OK);
            connection.readHead();
            connection.send("H");
            connection.readToEnd();
        })) {
            // Given
            HttpClientRequest first = request(server).get(5, SECONDS);
            UpstreamWire wire = UpstreamWire.of(first.connection());
            assertThat(wire.hasAnswerBegun()).isFalse();
            first.send().compose(HttpClientResponse::end).await(5, SECONDS);
            assertThat(wire.isReused()).isFalse();
            assertThat(wire.hasAnswerBegun()).isTrue();

            // When
            HttpClientRequest second = request(server).get(5, SECONDS);
            second.send();

            // Then
            assertThat(UpstreamWire.of(second.connection())).isSameAs(wire);
            Await.until("the second answer's first byte", () -> wire.isReused() && wire.hasAnswerBegun());
            second.reset();
        }
    }

    @Test
    void cutsAConnectionThatDoesNotRead() throws Exception {
        // Given a server that reads nothing
        CompletableFuture<Void> over = new CompletableFuture<>();
        try (RawServer server = new RawServer(connection -> over.join())) {
            HttpClientRequest request = request(server).get(5, SECONDS);
            request.exceptionHandler(cause -> {});
            request.setChunked(true).write(Buffer.buffer(new byte[50_000_000]));
            Channel channel = Wire.channel(request.connection());

            // When
            onLoop(request, () -> Wire.abort(request.connection()));

            // Then
            channel.closeFuture().get(5, SECONDS);
            over.complete(null);
        }
    }
}

package ai.hokus.torii.auth;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.identity.ApiKey;
import ai.hokus.torii.support.AuthServices;
import ai.hokus.torii.support.RawServer;
import ai.hokus.torii.support.StubServer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an auth service that is down, slow or cut off comes to: always a failure, never a verdict. */
@ExtendWith(VertxExtension.class)
class AuthOutageTest {

    private static final ApiKey KEY =
            ApiKey.parse("hk_test_0123456789abcdefghijklmnopqrstuv").orElseThrow();
    private static final Duration TIMEOUT = Duration.ofMillis(300);
    // Twice the timeout and room for a busy machine, yet far from what a second timeout behind the first would take.
    private static final Duration IN_TIME = Duration.ofMillis(1500);

    private static HttpKeyValidator validator(Vertx vertx, String url, Duration timeout, int connections)
            throws Exception {
        return AuthServices.validator(
                vertx,
                url,
                "AUTH_SERVICE_TIMEOUT",
                timeout.toMillis() + "ms",
                "TORII_AUTH_HTTP_CONNECTIONS",
                String.valueOf(connections));
    }

    private static GatewayFailure failure(Future<KeyValidator.Answer> answer) {
        GatewayFailure failure = catchThrowableOfType(GatewayFailure.class, () -> answer.await(5, SECONDS));
        assertThat(failure).isNotNull();
        assertThat(failure.getMessage() + failure.detail()).doesNotContain("0123456789");
        return failure;
    }

    private static GatewayFailure failure(Vertx vertx, String url) throws Exception {
        try (HttpKeyValidator validator = validator(vertx, url, Duration.ofSeconds(5), 4)) {
            return failure(validator.validate(new Inquiry(KEY, "10.0.0.9", true)));
        }
    }

    private static void readQuestion(RawServer.Connection connection) throws IOException {
        String head = connection.readHead().toLowerCase(java.util.Locale.ROOT);
        int start = head.indexOf("content-length:") + "content-length:".length();
        connection.read(Integer.parseInt(
                head.substring(start, head.indexOf('\r', start)).trim()));
    }

    @Test
    void isUnavailableWhenNobodyListens(Vertx vertx) throws Exception {
        // Given
        ServerSocket closed = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
        closed.close();

        // When
        GatewayFailure failure = failure(vertx, "http://127.0.0.1:" + closed.getLocalPort());

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_UNAVAILABLE);
        assertThat(failure.retryAfter()).isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "SSH-2.0-x\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Le",
                "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"is_valid\":true}",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"is_valid\":true\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n{\"is_valid\":true}\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{\"is_valid\":true}\r\n"
            })
    void isUnavailableWhenTheAnswerIsCutOffOrGarbage(String bytes, Vertx vertx) throws Exception {
        // Given
        RawServer service = new RawServer(connection -> {
            readQuestion(connection);
            connection.send(bytes);
        });

        // When
        GatewayFailure failure = failure(vertx, service.url());

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_UNAVAILABLE);
        service.close();
    }

    @Test
    void isUnavailableWhenTheConnectionIsReset(Vertx vertx) throws Exception {
        // Given
        RawServer service = new RawServer(connection -> {
            readQuestion(connection);
            connection.reset();
        });

        // When
        GatewayFailure failure = failure(vertx, service.url());

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_UNAVAILABLE);
        service.close();
    }

    @Test
    void isUnreadableWhenTheAnswerIsOver64KiB(Vertx vertx) throws Exception {
        // Given
        String frame = "{\"is_valid\":true,\"pad\":\"\"}";
        String fits = frame.replace("\"\"", "\"" + "x".repeat(65_536 - frame.length()) + "\"");
        StubServer service = StubServer.start(vertx).answering(200, fits);
        HttpKeyValidator validator = validator(vertx, service.url(), Duration.ofSeconds(5), 4);
        String atTheLimit = validator
                .validate(new Inquiry(KEY, "10.0.0.9", true))
                .await(5, SECONDS)
                .verdict()
                .outcome();
        service.answering(200, fits.replace("\"}", "x\"}"));

        // When
        GatewayFailure failure = failure(validator.validate(new Inquiry(KEY, "10.0.0.9", true)));

        // Then
        assertThat(atTheLimit).isEqualTo("accepted");
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_ANSWER_UNREADABLE);
        assertThat(failure.detail()).isEqualTo("its answer is over 65536 bytes");
        validator.close();
    }

    @Test
    void isUnreadableWhenTheAnswerIsNestedTooDeep(Vertx vertx) throws Exception {
        // Given
        StubServer service = StubServer.start(vertx).answering(200, "[".repeat(60_000));

        // When
        GatewayFailure failure = failure(vertx, service.url());

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_ANSWER_UNREADABLE);
        assertThat(failure.detail()).isEqualTo("its answer is no JSON");
    }

    @Test
    void timesOutWhenNoAnswerComes(Vertx vertx) throws Exception {
        // Given
        StubServer service = StubServer.start(vertx).answering((question, response) -> {});
        HttpKeyValidator validator = validator(vertx, service.url(), TIMEOUT, 4);
        long start = System.nanoTime();

        // When
        GatewayFailure failure = failure(validator.validate(new Inquiry(KEY, "10.0.0.9", true)));

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_TIMEOUT);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(TIMEOUT, IN_TIME);
        validator.close();
    }

    @Test
    void timesOutWhenTheAnswerOnlyDrips(Vertx vertx) throws Exception {
        // Given
        StubServer service = StubServer.start(vertx).answering((question, response) -> {
            response.setChunked(true).write("{");
            long timer = vertx.setPeriodic(50, id -> response.write(" "));
            response.closeHandler(v -> vertx.cancelTimer(timer));
        });
        HttpKeyValidator validator = validator(vertx, service.url(), TIMEOUT, 4);
        long start = System.nanoTime();

        // When
        GatewayFailure failure = failure(validator.validate(new Inquiry(KEY, "10.0.0.9", true)));

        // Then
        assertThat(failure.reason()).isEqualTo(Reason.AUTH_TIMEOUT);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(TIMEOUT, IN_TIME);
        validator.close();
    }

    @Test
    void timesOutWhileWaitingForAConnection(Vertx vertx) throws Exception {
        // Given
        StubServer service = StubServer.start(vertx).answering((question, response) -> {});
        HttpKeyValidator validator = validator(vertx, service.url(), TIMEOUT, 1);
        long start = System.nanoTime();

        // When
        List<Future<KeyValidator.Answer>> answers = List.of(
                validator.validate(new Inquiry(KEY, "10.0.0.9", true)),
                validator.validate(new Inquiry(KEY, "10.0.0.9", true)),
                validator.validate(new Inquiry(KEY, "10.0.0.9", true)));

        // Then
        assertThat(answers)
                .allSatisfy(answer -> assertThat(failure(answer).reason()).isEqualTo(Reason.AUTH_TIMEOUT));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(IN_TIME);
        validator.close();
    }

    @Test
    void asksAgainAsSoonAsTheServiceIsBack(Vertx vertx) throws Exception {
        // Given
        StubServer service = StubServer.start(vertx).answering((question, response) -> {});
        HttpKeyValidator validator = validator(vertx, service.url(), TIMEOUT, 1);
        GatewayFailure outage = failure(validator.validate(new Inquiry(KEY, "10.0.0.9", true)));
        service.answering(200, "{\"is_valid\":true}");

        // When
        KeyValidator.Answer answer =
                validator.validate(new Inquiry(KEY, "10.0.0.9", true)).await(5, SECONDS);

        // Then
        assertThat(outage.reason()).isEqualTo(Reason.AUTH_TIMEOUT);
        assertThat(answer.verdict().outcome()).isEqualTo("accepted");
        validator.close();
    }

    @ParameterizedTest
    @CsvSource({"50, 1, auth_timeout", "0, 65536, auth_answer_unreadable"})
    void givesItsOnlyConnectionBackWhenAnAnswerNeverEnds(long pause, int bytes, String reason, Vertx vertx)
            throws Exception {
        // Given a service whose first answer never ends
        AtomicInteger answers = new AtomicInteger();
        CompletableFuture<Void> dropped = new CompletableFuture<>();
        StubServer service = StubServer.start(vertx).answering((question, response) -> {
            if (answers.incrementAndGet() > 1) {
                response.end("{\"is_valid\":true}");
                return;
            }
            long timer = vertx.setPeriodic(Math.max(1, pause), id -> response.write(Buffer.buffer(new byte[bytes])));
            response.closeHandler(v -> {
                vertx.cancelTimer(timer);
                dropped.complete(null);
            });
            response.setChunked(true).write("{");
        });
        HttpKeyValidator validator = validator(vertx, service.url(), TIMEOUT, 1);
        GatewayFailure first = failure(validator.validate(new Inquiry(KEY, "10.0.0.9", true)));

        // When
        KeyValidator.Answer second =
                validator.validate(new Inquiry(KEY, "10.0.0.9", true)).await(5, SECONDS);

        // Then
        assertThat(first.reason().code()).isEqualTo(reason);
        assertThat(second.verdict().outcome()).isEqualTo("accepted");
        assertThat(dropped).succeedsWithin(Duration.ofSeconds(5));
        validator.close();
    }
}

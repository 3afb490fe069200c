package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.LoggedErrors;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.RawServer;
import ai.hokus.torii.support.RawServer.Connection;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Ten thousand exchanges that one side or the other breaks off somewhere; the gateway keeps nothing of them. */
@ExtendWith(VertxExtension.class)
class AbortsIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final int CALLERS = 20;
    private static final int EACH = 500;
    private static final String HEAD =
            " /api/2.0/mlflow-artifacts/artifacts/1/r/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-API-Key: " + KEY
                    + "\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\n";

    @Test
    void leavesNothingBehindAfterTenThousandAborts(Vertx vertx) throws Exception {
        // Given an MLflow that breaks off half of what it is asked
        try (LoggedErrors leaks = LoggedErrors.of("io.netty.util.ResourceLeakDetector");
                LoggedErrors errors = LoggedErrors.of("ai.hokus.torii");
                LoggedErrors unhandled = LoggedErrors.of("io.vertx");
                RawServer mlflow = RawMlflow.start(AbortsIT::answer)) {
            TestGateway gateway = TestGateway.start(
                    vertx, mlflow.url(), KEY, "TORII_FORWARD_KEEP_ALIVE", "1s", "TORII_FORWARD_QUEUE", "10000");

            // When callers break off half of what they ask
            ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
            List<Future<?>> running = new ArrayList<>();
            for (int caller = 0; caller < CALLERS; caller++) {
                Random random = new Random(caller);
                running.add(callers.submit(() -> {
                    for (int i = 0; i < EACH; i++) {
                        ask(gateway.port(), random);
                    }
                    return null;
                }));
            }
            for (Future<?> caller : running) {
                caller.get(120, TimeUnit.SECONDS);
            }
            callers.shutdown();

            // Then
            String metrics = awaitMetrics(
                    gateway,
                    text -> text.contains("torii_requests_in_flight 0.0")
                            && text.contains("torii_upstream_connections 0.0")
                            && text.contains("torii_spool_bytes 0.0"));
            assertThat(metrics)
                    .contains(
                            "torii_requests_in_flight 0.0", "torii_upstream_connections 0.0", "torii_spool_bytes 0.0");
            assertThat(errors.all()).isEmpty();
            assertThat(unhandled.all()).isEmpty();
            // The detector reports what the collector found when the next buffer is made.
            for (int i = 0; i < 5; i++) {
                System.gc();
                assertThat(gateway.manage("/live").statusCode()).isEqualTo(200);
            }
            assertThat(leaks.all()).isEmpty();
            gateway.stop();
        }
    }

    private static String awaitMetrics(TestGateway gateway, Predicate<String> wanted) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        String text = gateway.manage("/metrics").bodyAsString();
        while (!wanted.test(text) && System.nanoTime() < end) {
            text = gateway.manage("/metrics").bodyAsString();
        }
        return text;
    }

    private static void answer(Connection connection, String head) throws IOException {
        Random random = new Random(head.hashCode());
        int mood = random.nextInt(10);
        if (mood == 0) {
            return;
        }
        if (mood == 1) {
            connection.reset();
            return;
        }
        if (mood == 2) {
            connection.send("HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nearly");
            return;
        }
        int length = length(head);
        if (mood == 3) {
            connection.read(random.nextInt(length + 1));
            return;
        }
        connection.read(length);
        switch (mood) {
            case 4 -> connection.send(OK + "Content-Length: 100\r\n\r\nhalf");
            case 5 -> connection.send(OK + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
            case 6 -> {
                connection.send(OK + "Content-Length: 900000\r\n\r\n" + "x".repeat(random.nextInt(900_000)));
                connection.reset();
            }
            case 7 -> connection.send(OK + "Content-Length: 200000\r\n\r\n" + "x".repeat(200_100));
            default -> connection.send(OK + "Content-Length: 200000\r\n\r\n" + "x".repeat(200_000));
        }
    }

    private static int length(String head) {
        int at = head.toLowerCase(java.util.Locale.ROOT).indexOf("content-length: ");
        return at < 0 ? 0 : Integer.parseInt(head.substring(at + 16, head.indexOf("\r\n", at)));
    }

    private static void ask(int port, Random random) throws IOException {
        String request = request(random);
        int sent = random.nextBoolean() ? request.length() : random.nextInt(request.length() + 1);
        int end = random.nextInt(10);
        try (RawClient caller = new RawClient(port)) {
            caller.send(request.substring(0, sent));
            if (end < 5 && sent == request.length()) {
                caller.read(1 + random.nextInt(250_000));
            }
            if (end < 3 || end == 9) {
                caller.reset();
            } else if (end == 8) {
                caller.finish();
            }
        } catch (java.net.SocketException e) {
            assertThat(e).hasMessageMatching("(?i).*(reset|broken pipe|closed).*");
        }
    }

    private static String request(Random random) {
        int kind = random.nextInt(10);
        if (kind < 3) {
            return "GET" + HEAD + "\r\n";
        }
        int[] sizes = {0, 10, 5_000, 70_000, 300_000};
        int size = sizes[random.nextInt(sizes.length)];
        String body = "y".repeat(size);
        if (kind < 6) {
            return "PUT" + HEAD + "Content-Length: " + size + "\r\n\r\n" + body;
        }
        String chunk = size == 0 ? "" : Integer.toHexString(size) + "\r\n" + body + "\r\n";
        return "PUT" + HEAD + "Transfer-Encoding: chunked\r\n\r\n" + chunk + "0\r\n\r\n";
    }
}

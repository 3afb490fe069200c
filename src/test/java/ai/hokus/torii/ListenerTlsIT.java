package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.ARTIFACT;
import static ai.hokus.torii.support.Relayed.GET;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.Relayed;
import ai.hokus.torii.support.TestAuthority;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Callers behind TLS. */
@NeedsPeer(program = "openssl", install = "apt-get install -y openssl")
@ExtendWith(VertxExtension.class)
class ListenerTlsIT {

    private static final int BYTES = 2_000_000;

    @TempDir
    private static Path folder;

    private static TestAuthority authority;
    private static TestAuthority.Issued server;

    @BeforeAll
    static void makeCertificates() throws Exception {
        authority = TestAuthority.make(folder, "authority");
        server = authority.issue("server");
    }

    private static String[] tls(String... more) {
        String[] settings = new String[more.length + 4];
        settings[0] = "TORII_LISTENER_TLS_CERT_PATH";
        settings[1] = server.certificate().toString();
        settings[2] = "TORII_LISTENER_TLS_KEY_PATH";
        settings[3] = server.key().toString();
        System.arraycopy(more, 0, settings, 4, more.length);
        return settings;
    }

    @Test
    void saysToMlflowThatTheCallerCameByTls(Vertx vertx) throws Exception {
        // Given
        try (Relayed relayed = Relayed.to(
                        vertx,
                        (connection, head) -> connection.send(
                                "HTTP/1.1 200 OK\r\nContent-Length: " + head.length() + "\r\n\r\n" + head),
                        tls());
                RawClient caller = RawClient.tls(relayed.gateway().port(), authority.context())) {
            // When
            caller.send(GET);

            // Then
            assertThat(caller.readMessage().body()).contains("X-Forwarded-Proto: https");
        }
    }

    @ParameterizedTest
    @CsvSource({"HTTP/1.1, Transfer-Encoding: chunked", "HTTP/1.1, Content-Length: 100", "HTTP/1.0, Content-Length: 100"
    })
    void resetsAnAnswerThatMlflowBreaksOff(String version, String framing, Vertx vertx) throws Exception {
        // Given
        try (Relayed relayed = Relayed.to(
                        vertx,
                        (connection, head) ->
                                connection.send("HTTP/1.1 200 OK\r\n" + framing + "\r\n\r\n5\r\nhello\r\n"),
                        tls());
                RawClient caller = RawClient.tls(relayed.gateway().port(), authority.context())) {
            // When
            caller.send(GET.replace("HTTP/1.1", version));

            // Then it is no end that TLS confirms, and no mere end of the connection
            caller.readUntil("hello");
            assertThat(rest(caller)).endsWith("[reset]").doesNotContain("\r\n0\r\n");
        }
    }

    @Test
    void holdsMlflowBackWhileTheCallerDoesNotReadAndLosesNothing(Vertx vertx) throws Exception {
        // Given an answer that fits into no buffers on the way
        int block = 64 * 1024;
        int blocks = 1024;
        String text = "z".repeat(block);
        AtomicInteger sent = new AtomicInteger();
        try (Relayed relayed = Relayed.to(
                        vertx,
                        (connection, head) -> {
                            connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + (long) block * blocks + "\r\n\r\n");
                            while (sent.get() < blocks) {
                                connection.send(text);
                                sent.incrementAndGet();
                            }
                        },
                        tls());
                RawClient caller = RawClient.tls(relayed.gateway().port(), authority.context(), 16 * 1024)) {
            // When
            caller.send(GET);
            caller.readUntil("\r\n\r\n");
            AtomicInteger seen = new AtomicInteger(-1);
            AtomicLong since = new AtomicLong();
            Await.until("MLflow is stopped", () -> {
                if (seen.getAndSet(sent.get()) != sent.get()) {
                    since.set(System.nanoTime());
                }
                return System.nanoTime() - since.get() > 500_000_000L;
            });

            // Then
            assertThat(sent.get()).isBetween(1, blocks / 2);
            assertThat(caller.in().readNBytes(block * blocks)).hasSize(block * blocks);
        }
    }

    private static String rest(RawClient caller) {
        try {
            return caller.readToEnd();
        } catch (IOException e) {
            return "[reset]";
        }
    }

    @Test
    void carriesBodiesBothWays(Vertx vertx) throws Exception {
        // Given
        try (Relayed relayed = Relayed.to(
                        vertx,
                        (connection, head) -> {
                            connection.read(BYTES);
                            connection.send(
                                    "HTTP/1.1 200 OK\r\nContent-Length: " + BYTES + "\r\n\r\n" + "y".repeat(BYTES));
                        },
                        tls());
                RawClient caller = RawClient.tls(relayed.gateway().port(), authority.context())) {
            // When
            caller.send("PUT" + ARTIFACT + "Content-Length: " + BYTES + "\r\n\r\n" + "x".repeat(BYTES));

            // Then
            assertThat(caller.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200");
            assertThat(caller.read(BYTES)).isEqualTo("y".repeat(BYTES));
        }
    }
}

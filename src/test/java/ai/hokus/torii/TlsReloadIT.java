package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.GET;
import static ai.hokus.torii.support.Relayed.OK;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.Relayed;
import ai.hokus.torii.support.TestAuthority;
import ai.hokus.torii.support.TestAuthority.Issued;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A certificate that is renewed while callers are served. */
@NeedsPeer(program = "openssl", install = "apt-get install -y openssl")
@ExtendWith(VertxExtension.class)
class TlsReloadIT {

    private static final String RENEWED = "torii_tls_reloads_total{end=\"listener\",outcome=\"renewed\"}";
    private static final String REFUSED = "torii_tls_reloads_total{end=\"listener\",outcome=\"refused\"}";
    private static final String REFUSING = "torii_tls_files_refused{end=\"listener\"}";
    private static final String EXPIRES = "torii_tls_certificate_expiry_timestamp_seconds{end=\"listener\"}";

    @TempDir
    private static Path made;

    @TempDir
    private Path mounted;

    private static TestAuthority authority;
    private static SSLContext caller;
    private static Issued first;
    private static Issued second;

    @BeforeAll
    static void makeCertificates() throws Exception {
        authority = TestAuthority.make(made, "authority");
        caller = authority.context();
        first = authority.issue("first", "DNS:localhost", 10);
        second = authority.issue("second", "DNS:localhost", 20);
    }

    @BeforeEach
    void mount() throws IOException {
        put("tls.crt", first.certificate());
        put("tls.key", first.key());
    }

    private void put(String name, Path content) throws IOException {
        Files.copy(content, mounted.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }

    private Relayed start(Vertx vertx, Path folder) throws Exception {
        return Relayed.toOneThatAnswers(
                vertx,
                OK,
                "TORII_LISTENER_TLS_CERT_PATH",
                folder.resolve("tls.crt").toString(),
                "TORII_LISTENER_TLS_KEY_PATH",
                folder.resolve("tls.key").toString(),
                "TORII_RELOAD_INTERVAL",
                "100ms",
                "TORII_API_INSTANCES",
                "3");
    }

    /** Whom a new connection is shown. */
    private static String shown(Relayed relayed) throws IOException {
        // A session of before would be taken up again, and with it the certificate of before.
        try (RawClient client = RawClient.tls(relayed.gateway().port(), caller)) {
            return ((X509Certificate) client.handshake().getPeerCertificates()[0])
                    .getSubjectX500Principal()
                    .getName();
        }
    }

    @Test
    void showsARenewedCertificateToNewConnectionsAndKeepsTheOldOnes(Vertx vertx) throws Exception {
        // Given
        try (Relayed relayed = start(vertx, mounted);
                RawClient before = RawClient.tls(relayed.gateway().port(), caller)) {
            before.send(GET);
            assertThat(before.readMessage().status()).isEqualTo(200);
            assertThat(shown(relayed)).isEqualTo("CN=first");
            assertThat(relayed.gateway().metric(EXPIRES)).isEqualTo(first.expires());

            // When
            put("tls.crt", second.certificate());
            put("tls.key", second.key());
            Await.until("renewed", () -> relayed.gateway().metric(RENEWED) == 1);

            // Then all instances show it
            for (int i = 0; i < 6; i++) {
                assertThat(shown(relayed)).isEqualTo("CN=second");
            }
            assertThat(relayed.gateway().metric(EXPIRES)).isEqualTo(second.expires());
            before.send(GET);
            assertThat(before.readMessage().status()).isEqualTo(200);
        }
    }

    @Test
    void followsASymbolicLinkAsKubernetesSwapsIt(Vertx vertx) throws Exception {
        // Given a folder behind ..data, and the files as links through it
        Path old = Files.createDirectory(mounted.resolve("..1"));
        Path next = Files.createDirectory(mounted.resolve("..2"));
        Path secrets = Files.createDirectory(mounted.resolve("secrets"));
        for (String name : new String[] {"tls.crt", "tls.key"}) {
            Files.copy(name.equals("tls.crt") ? first.certificate() : first.key(), old.resolve(name));
            Files.copy(name.equals("tls.crt") ? second.certificate() : second.key(), next.resolve(name));
            Files.createSymbolicLink(secrets.resolve(name), Path.of("..data", name));
        }
        Files.createSymbolicLink(secrets.resolve("..data"), old);
        try (Relayed relayed = start(vertx, secrets)) {
            assertThat(shown(relayed)).isEqualTo("CN=first");

            // When
            Path swap = Files.createSymbolicLink(secrets.resolve("..data_tmp"), next);
            Files.move(swap, secrets.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
            Await.until("renewed", () -> relayed.gateway().metric(RENEWED) == 1);

            // Then
            assertThat(shown(relayed)).isEqualTo("CN=second");
        }
    }

    @Test
    void refusesACertificateWithoutItsKeyAndKeepsTheOldOneUntilTheKeyComes(Vertx vertx) throws Exception {
        // Given
        try (Relayed relayed = start(vertx, mounted)) {
            // When
            put("tls.crt", second.certificate());
            Await.until("refused", () -> relayed.gateway().metric(REFUSED) == 1);

            // Then
            assertThat(shown(relayed)).isEqualTo("CN=first");
            assertThat(relayed.gateway().metric(REFUSING)).isOne();

            // When its key comes
            put("tls.key", second.key());
            Await.until("renewed", () -> relayed.gateway().metric(RENEWED) == 1);

            // Then
            assertThat(shown(relayed)).isEqualTo("CN=second");
            assertThat(relayed.gateway().metric(REFUSING)).isZero();
        }
    }

    @Test
    void keepsTheOldOneWhileTheFilesAreGone(Vertx vertx) throws Exception {
        // Given
        try (Relayed relayed = start(vertx, mounted)) {
            // When
            Files.delete(mounted.resolve("tls.key"));
            Await.until("refused", () -> relayed.gateway().metric(REFUSED) == 1);

            // Then
            assertThat(shown(relayed)).isEqualTo("CN=first");
        }
    }

    @Test
    void losesNoRequestWhileCertificatesChangeUnderLoad(Vertx vertx) throws Exception {
        // Given callers of which each second request comes on a new connection
        try (Relayed relayed = start(vertx, mounted)) {
            AtomicBoolean enough = new AtomicBoolean();
            AtomicInteger served = new AtomicInteger();
            AtomicReference<Throwable> failed = new AtomicReference<>();
            Thread[] callers = new Thread[4];
            for (int i = 0; i < callers.length; i++) {
                callers[i] = new Thread(() -> {
                    while (!enough.get() && failed.get() == null) {
                        try (RawClient client = RawClient.tls(relayed.gateway().port(), caller)) {
                            for (int j = 0; j < 2; j++) {
                                assertThat(client.send(GET).readMessage().status())
                                        .isEqualTo(200);
                                served.incrementAndGet();
                            }
                        } catch (IOException | RuntimeException | AssertionError e) {
                            failed.set(e);
                        }
                    }
                });
                callers[i].start();
            }

            // When
            for (int i = 1; i <= 4; i++) {
                Issued next = i % 2 == 1 ? second : first;
                put("tls.crt", next.certificate());
                put("tls.key", next.key());
                int count = i;
                Await.until("renewed", () -> relayed.gateway().metric(RENEWED) == count);
            }
            enough.set(true);
            for (Thread thread : callers) {
                thread.join();
            }

            // Then
            assertThat(failed.get()).isNull();
            assertThat(served.get()).isGreaterThan(20);
        }
    }
}

package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.GET;
import static ai.hokus.torii.support.Relayed.KEY;
import static ai.hokus.torii.support.Relayed.OK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.torii.support.AccessLines;
import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.LoggedErrors;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.Relayed;
import ai.hokus.torii.support.TestAuthority;
import ai.hokus.torii.support.TestAuthority.Issued;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who gets a connection to a listener with TLS, and what the operator learns of the others. */
@NeedsPeer(program = "openssl", install = "apt-get install -y openssl")
@ExtendWith(VertxExtension.class)
class TlsPolicyIT {

    @TempDir
    private static Path folder;

    private static TestAuthority authority;
    private static Issued server;
    private static Issued friend;
    private static Issued stranger;

    @BeforeAll
    static void makeCertificates() throws Exception {
        authority = TestAuthority.make(folder, "authority");
        server = authority.issue("server");
        friend = authority.issue("friend");
        stranger = TestAuthority.make(folder, "other").issue("stranger");
    }

    private static Relayed start(Vertx vertx, String... more) throws Exception {
        List<String> settings = new ArrayList<>(List.of(
                "TORII_LISTENER_TLS_CERT_PATH", server.certificate().toString(),
                "TORII_LISTENER_TLS_KEY_PATH", server.key().toString()));
        settings.addAll(List.of(more));
        return Relayed.toOneThatAnswers(vertx, OK, settings.toArray(String[]::new));
    }

    private static Relayed asking(Vertx vertx, String how) throws Exception {
        return start(
                vertx,
                "TORII_LISTENER_TLS_CLIENT_AUTH",
                how,
                "TORII_LISTENER_TLS_CLIENT_CA_PATH",
                authority.certificate().toString());
    }

    private static String refused(String cause) {
        return "torii_tls_handshakes_refused_total{cause=\"" + cause + "\"}";
    }

    /** What the real openssl is told, with these arguments. */
    private static String connect(Relayed relayed, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(
                List.of("s_client", "-connect", "127.0.0.1:" + relayed.gateway().port(), "-CAfile"));
        command.add(authority.certificate().toString());
        command.addAll(List.of(arguments));
        return TestAuthority.opensslWhateverItSays(command);
    }

    @ParameterizedTest
    @CsvSource({
        "-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256, TLSv1.3",
        "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256, TLSv1.3",
        "-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384, TLSv1.2",
        "-tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305, TLSv1.2",
    })
    void speaksModernTls(String arguments, String version, Vertx vertx) throws Exception {
        try (Relayed relayed = start(vertx)) {
            assertThat(connect(relayed, arguments.split(" ")))
                    .contains("New, " + version)
                    .contains("Verify return code: 0 (ok)");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "-tls1_1 -cipher ALL:@SECLEVEL=0, version",
        "-tls1 -cipher ALL:@SECLEVEL=0, version",
        "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256, suite",
        "-tls1_2 -cipher ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0, suite",
        "-tls1_2 -cipher AES128-GCM-SHA256, suite",
        "-tls1_2 -cipher aNULL:@SECLEVEL=0, suite",
    })
    void refusesWhatIsNot(String arguments, String cause, Vertx vertx) throws Exception {
        try (Relayed relayed = start(vertx);
                LoggedErrors errors = LoggedErrors.of("io")) {
            assertThat(connect(relayed, arguments.split(" "))).contains("alert");
            Await.until("counted", () -> relayed.gateway().metric(refused(cause)) == 1);
            assertThat(errors.all()).isEmpty();
        }
    }

    @Test
    void endsAConnectionThatSpeaksClearTextAndSaysNothingOfWhatItSent(Vertx vertx) throws Exception {
        // Given
        try (Relayed relayed = start(vertx);
                AccessLines lines = AccessLines.open("torii.tls");
                LoggedErrors errors = LoggedErrors.of("io");
                RawClient caller = new RawClient(relayed.gateway().port())) {
            // When
            caller.send(GET);

            // Then
            assertThat(caller.readToEnd()).doesNotContain("HTTP");
            assertThat(lines.next("cause=clear_text")).doesNotContain(KEY).doesNotContain("474554");
            assertThat(relayed.gateway().metric(refused("clear_text"))).isOne();
            assertThat(errors.all()).isEmpty();
        }
    }

    @Test
    void endsAHandshakeThatTakesTooLong(Vertx vertx) throws Exception {
        // Given
        try (Relayed relayed = start(vertx, "TORII_LISTENER_TLS_HANDSHAKE_TIMEOUT", "200ms");
                RawClient caller = new RawClient(relayed.gateway().port())) {
            // When the head of a record comes, and no more
            caller.send(new byte[] {22, 3, 1, 0, 100});

            // Then
            caller.readToEnd();
            assertThat(relayed.gateway().metric(refused("timeout"))).isOne();
        }
    }

    @Test
    void countsWhoLeavesWithoutAWordButSaysNothing(Vertx vertx) throws Exception {
        // Given
        try (Relayed relayed = start(vertx);
                LoggedErrors errors = LoggedErrors.of("io")) {
            // When
            new RawClient(relayed.gateway().port()).close();

            // Then
            Await.until("counted", () -> relayed.gateway().metric(refused("left")) == 1);
            assertThat(errors.all()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"require", "request"})
    void servesACallerWithACertificateOfTheAuthority(String how, Vertx vertx) throws Exception {
        try (Relayed relayed = asking(vertx, how)) {
            assertThat(status(relayed, friend.context(authority))).isEqualTo(200);
        }
    }

    @Test
    void servesACallerWithoutOneWhereItIsOnlyRequested(Vertx vertx) throws Exception {
        try (Relayed relayed = asking(vertx, "request")) {
            assertThat(status(relayed, authority.context())).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @CsvSource({"require", "request"})
    void refusesACallerWithAnothersCertificate(String how, Vertx vertx) throws Exception {
        try (Relayed relayed = asking(vertx, how);
                LoggedErrors errors = LoggedErrors.of("io")) {
            // A Java caller would not show what it was not asked for; openssl does.
            assertThat(connect(
                            relayed,
                            "-tls1_2",
                            "-cert",
                            stranger.certificate().toString(),
                            "-key",
                            stranger.key().toString()))
                    .contains("alert");
            Await.until("counted", () -> relayed.gateway().metric(refused("certificate")) == 1);
            assertThat(errors.all()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"-tls1_2", "-tls1_3"})
    void refusesACallerWithoutOneWhereItIsRequired(String version, Vertx vertx) throws Exception {
        try (Relayed relayed = asking(vertx, "require");
                AccessLines lines = AccessLines.open("torii.tls");
                LoggedErrors errors = LoggedErrors.of("io")) {
            connect(relayed, version);
            assertThat(lines.next("cause=no_certificate")).isNotNull();
            assertThat(relayed.gateway().metric(refused("no_certificate"))).isOne();
            assertThatThrownBy(() -> status(relayed, authority.context())).isInstanceOf(IOException.class);
            assertThat(errors.all()).isEmpty();
        }
    }

    private static int status(Relayed relayed, SSLContext context) throws IOException {
        try (RawClient caller = RawClient.tls(relayed.gateway().port(), context)) {
            caller.send(GET);
            String answer = caller.readUntil("\r\n\r\n");
            return Integer.parseInt(answer.substring(9, 12));
        }
    }
}

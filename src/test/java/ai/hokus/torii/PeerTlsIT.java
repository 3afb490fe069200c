package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.KEY;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.AccessLines;
import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.NginxServer;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestAuthority;
import ai.hokus.torii.support.TestAuthority.Issued;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A real nginx as the TLS end of MLflow and of the auth service. */
@NeedsPeer(program = "nginx", install = "apt-get install -y nginx-light openssl")
@ExtendWith(VertxExtension.class)
class PeerTlsIT {

    private static final String EXPERIMENTS = "/api/2.0/mlflow/experiments/get?experiment_id=0";

    @TempDir
    private static Path folder;

    @TempDir
    private Path mounted;

    private static TestAuthority authority;
    private static TestAuthority stranger;
    private static Issued server;
    private static Issued ourselves;
    private static Issued renewed;

    @BeforeAll
    static void makeCertificates() throws IOException {
        authority = TestAuthority.make(folder, "authority");
        stranger = TestAuthority.make(folder, "stranger");
        server = authority.issue("server");
        ourselves = authority.issue("ourselves");
        renewed = authority.issue("renewed");
        authority.issue("elsewhere", "DNS:elsewhere.test", 10);
        authority.issue("ended", "DNS:localhost", -1);
        stranger.issue("strange");
    }

    private static NginxServer demanding(String behind) throws IOException {
        return NginxServer.start(
                folder,
                behind,
                server,
                "ssl_verify_client on;",
                "ssl_client_certificate " + authority.certificate() + ";");
    }

    private static String text(Path path) {
        return path.toString();
    }

    @Test
    void showsItsCertificateToMlflowAndAsksForItByName(Vertx vertx) throws Exception {
        // Given
        StubServer mlflow = StubServer.start(vertx);
        try (NginxServer nginx = demanding(mlflow.url())) {
            TestGateway gateway = TestGateway.start(
                    vertx,
                    nginx.url(),
                    KEY,
                    "MLFLOW_CA_BUNDLE_PATH",
                    text(authority.certificate()),
                    "MLFLOW_CLIENT_CERT_PATH",
                    text(ourselves.certificate()),
                    "MLFLOW_CLIENT_KEY_PATH",
                    text(ourselves.key()));

            // When
            HttpResponse<Buffer> answer = gateway.get(EXPERIMENTS, KEY);

            // Then
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(mlflow.requests())
                    .filteredOn(request -> request.uri().equals(EXPERIMENTS))
                    .singleElement()
                    .satisfies(request -> {
                        assertThat(request.headers().get("X-Client-Certificate"))
                                .isEqualTo("CN=ourselves");
                        assertThat(request.headers().get("X-Asked-Name")).isEqualTo("localhost");
                        assertThat(request.headers().get("X-Protocol")).startsWith("TLSv1.3/");
                    });
            gateway.stop();
        }
    }

    @Test
    void showsARenewedCertificateToMlflowWithoutARestart(Vertx vertx) throws Exception {
        // Given
        Path certificate = Files.copy(ourselves.certificate(), mounted.resolve("tls.crt"));
        Path key = Files.copy(ourselves.key(), mounted.resolve("tls.key"));
        StubServer mlflow = StubServer.start(vertx);
        try (NginxServer nginx = demanding(mlflow.url())) {
            TestGateway gateway = TestGateway.start(
                    vertx,
                    nginx.url(),
                    KEY,
                    "MLFLOW_CA_BUNDLE_PATH",
                    text(authority.certificate()),
                    "MLFLOW_CLIENT_CERT_PATH",
                    text(certificate),
                    "MLFLOW_CLIENT_KEY_PATH",
                    text(key),
                    "TORII_RELOAD_INTERVAL",
                    "100ms",
                    "TORII_FORWARD_KEEP_ALIVE",
                    "1s");
            assertThat(gateway.get(EXPERIMENTS, KEY).statusCode()).isEqualTo(200);

            // When
            Files.copy(renewed.certificate(), certificate, StandardCopyOption.REPLACE_EXISTING);
            Files.copy(renewed.key(), key, StandardCopyOption.REPLACE_EXISTING);

            // Then the next new connection shows it, and no request fails meanwhile
            Await.until("the renewed one is shown", () -> {
                assertThat(gateway.get(EXPERIMENTS, KEY).statusCode()).isEqualTo(200);
                // Connections that are open stay; this one ends when nobody uses it for a second.
                Await.until("no connection is open", () -> gateway.metric("torii_upstream_connections") == 0);
                return mlflow.requests().stream()
                        .anyMatch(
                                request -> "CN=renewed".equals(request.headers().get("X-Client-Certificate")));
            });
            gateway.stop();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "elsewhere, authority, its certificate is for another name",
        "ended, authority, its certificate has ended",
        "strange, authority, no authority that is believed vouches for its certificate",
        "server, stranger, no authority that is believed vouches for its certificate",
    })
    void doesNotTalkToOneThatIsNotMlflow(String shown, String believed, String said, Vertx vertx) throws Exception {
        // Given
        StubServer mlflow = StubServer.start(vertx);
        Issued issued = new Issued(folder.resolve(shown + ".pem"), folder.resolve(shown + ".key"));
        try (NginxServer nginx = NginxServer.start(folder, mlflow.url(), issued);
                AccessLines lines = AccessLines.open()) {
            TestGateway gateway = TestGateway.start(
                    vertx, nginx.url(), KEY, "MLFLOW_CA_BUNDLE_PATH", text(folder.resolve(believed + ".ca.pem")));

            // When
            HttpResponse<Buffer> answer = gateway.get(EXPERIMENTS, KEY);

            // Then
            assertThat(answer.statusCode()).isEqualTo(502);
            assertThat(TestGateway.reason(answer)).isEqualTo("upstream_unreachable");
            assertThat(answer.bodyAsString()).doesNotContain("certificate");
            assertThat(lines.next(said)).isNotNull();
            assertThat(gateway.manage("/ready").bodyAsString()).contains("upstream_unreachable");
            assertThat(mlflow.requests()).isEmpty();
            gateway.stop();
        }
    }

    @Test
    void showsItsCertificateToTheAuthService(Vertx vertx) throws Exception {
        // Given
        StubServer mlflow = StubServer.start(vertx);
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        try (NginxServer nginx = demanding(auth.url())) {
            TestGateway gateway = TestGateway.start(
                    vertx,
                    TestGateway.environment(
                            mlflow.url(),
                            nginx.url(),
                            "TORII_AUTH_HTTP_CA_BUNDLE_PATH",
                            text(authority.certificate()),
                            "TORII_AUTH_HTTP_CLIENT_CERT_PATH",
                            text(ourselves.certificate()),
                            "TORII_AUTH_HTTP_CLIENT_KEY_PATH",
                            text(ourselves.key())));

            // When
            HttpResponse<Buffer> answer = gateway.get(EXPERIMENTS, KEY);

            // Then
            assertThat(answer.statusCode()).isEqualTo(200);
            gateway.stop();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "elsewhere, its certificate is for another name",
        "ended, its certificate has ended",
        "strange, no authority that is believed vouches for its certificate",
    })
    void givesNoKeyToOneThatIsNotTheAuthService(String shown, String said, Vertx vertx) throws Exception {
        // Given
        StubServer mlflow = StubServer.start(vertx);
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        Issued issued = new Issued(folder.resolve(shown + ".pem"), folder.resolve(shown + ".key"));
        try (NginxServer nginx = NginxServer.start(folder, auth.url(), issued);
                AccessLines lines = AccessLines.open()) {
            TestGateway gateway = TestGateway.start(
                    vertx,
                    TestGateway.environment(
                            mlflow.url(),
                            nginx.url(),
                            "TORII_AUTH_HTTP_CA_BUNDLE_PATH",
                            text(authority.certificate())));

            // When
            HttpResponse<Buffer> answer = gateway.get(EXPERIMENTS, KEY);

            // Then
            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(TestGateway.reason(answer)).isEqualTo("auth_unavailable");
            assertThat(lines.next(said)).isNotNull();
            assertThat(gateway.manage("/ready").bodyAsString()).contains("auth_unavailable");
            gateway.stop();
        }
    }
}

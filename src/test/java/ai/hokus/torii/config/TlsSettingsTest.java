package ai.hokus.torii.config;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.torii.config.ListenerTls.ClientAuth;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.TestAuthority;
import ai.hokus.torii.tls.PemFiles;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NeedsPeer(program = "openssl", install = "apt-get install -y openssl")
@ExtendWith(VertxExtension.class)
class TlsSettingsTest {

    @TempDir
    private static Path folder;

    private static TestAuthority authority;
    private static TestAuthority.Issued server;
    private static TestAuthority.Issued other;

    @BeforeAll
    static void makeCertificates() throws IOException {
        authority = TestAuthority.make(folder, "authority");
        server = authority.issue("server");
        other = authority.issue("other");
        Files.writeString(folder.resolve("empty.pem"), "");
        Files.writeString(
                folder.resolve("locked.pem"),
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
        Files.writeString(
                folder.resolve("cut.pem"), "-----BEGIN EC PRIVATE KEY-----\nMIQ=\n-----END EC PRIVATE KEY-----\n");
    }

    @Test
    void http2IsAskedForWithItsStreams(Vertx vertx) throws Exception {
        // When
        Http2Config http2 = load(
                        vertx,
                        "TORII_LISTENER_TLS_CERT_PATH",
                        server.certificate().toString(),
                        "TORII_LISTENER_TLS_KEY_PATH",
                        server.key().toString(),
                        "TORII_LISTENER_HTTP2",
                        "true",
                        "TORII_LISTENER_HTTP2_STREAMS",
                        "7")
                .api()
                .http2()
                .orElseThrow();

        // Then
        assertThat(http2.streams()).isEqualTo(7);
    }

    @Test
    void http2WithoutTlsIsAProblem(Vertx vertx) {
        assertThatThrownBy(() -> load(vertx, "TORII_LISTENER_HTTP2", "true"))
                .hasMessageContaining("TORII_LISTENER_HTTP2")
                .hasMessageContaining("callers agree on HTTP/2 within TLS alone");
    }

    @Test
    void whatIsSetArrives(Vertx vertx) throws Exception {
        // When
        ListenerTls tls = load(
                        vertx,
                        "TORII_LISTENER_TLS_CERT_PATH",
                        server.certificate().toString(),
                        "TORII_LISTENER_TLS_KEY_PATH",
                        server.key().toString(),
                        "TORII_LISTENER_TLS_CLIENT_CA_PATH",
                        authority.certificate().toString(),
                        "TORII_LISTENER_TLS_CLIENT_AUTH",
                        "request",
                        "TORII_LISTENER_TLS_HANDSHAKE_TIMEOUT",
                        "3s",
                        "TORII_RELOAD_INTERVAL",
                        "4s")
                .api()
                .tls()
                .orElseThrow();

        // Then
        assertThat(tls.files().certificate()).contains(server.certificate());
        assertThat(tls.files().key()).contains(server.key());
        assertThat(tls.files().authorities()).contains(authority.certificate());
        assertThat(tls.clientAuth()).isEqualTo(ClientAuth.REQUEST);
        assertThat(tls.handshakeTimeout()).isEqualTo(Duration.ofSeconds(3));
        assertThat(tls.reloadInterval()).isEqualTo(Duration.ofSeconds(4));
    }

    @ParameterizedTest
    @CsvSource({
        "MLFLOW_CA_BUNDLE_PATH, MLFLOW_CLIENT_CERT_PATH, MLFLOW_CLIENT_KEY_PATH, mlflow",
        "TORII_AUTH_HTTP_CA_BUNDLE_PATH, TORII_AUTH_HTTP_CLIENT_CERT_PATH, TORII_AUTH_HTTP_CLIENT_KEY_PATH, auth",
    })
    void whatAClientShowsAndBelievesArrives(String ca, String certificate, String key, String end, Vertx vertx)
            throws Exception {
        // When
        GatewayConfig config = load(
                vertx,
                ca,
                authority.certificate().toString(),
                certificate,
                server.certificate().toString(),
                key,
                server.key().toString());

        // Then
        PeerTls tls = end.equals("auth")
                ? ((AuthServiceConfig) config.auth().source()).tls()
                : config.mlflow().tls();
        assertThat(tls.files())
                .isEqualTo(new PemFiles(
                        Optional.of(server.certificate()),
                        Optional.of(server.key()),
                        Optional.of(authority.certificate())));
    }

    @Test
    void thereIsNoTlsWithoutACertificate(Vertx vertx) throws Exception {
        assertThat(load(vertx).api().tls()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "server.pem, , , , listener.tls.key-path, the other half of the certificate is",
        ", server.key, , , listener.tls.cert-path, the other half of the certificate is",
        "absent.pem, server.key, , , listener.tls.cert-path, does not exist",
        "server.pem, absent.key, , , listener.tls.key-path, does not exist",
        "empty.pem, server.key, , , listener.tls.cert-path, holds no certificate",
        "server.key, server.key, , , listener.tls.cert-path, holds something else than certificates",
        "server.pem, server.pem, , , listener.tls.key-path, holds no private key",
        "server.pem, other.key, , , listener.tls.key-path, holds the key of another certificate",
        "server.pem, cut.pem, , , listener.tls.key-path, holds a private key that cannot be read",
        "server.pem, locked.pem, , , listener.tls.key-path, holds an encrypted key",
        "server.pem, server.key, empty.pem, require, listener.tls.client-ca-path, holds no certificate",
        "server.pem, server.key, , require, listener.tls.client-ca-path, asks for certificates",
        "server.pem, server.key, authority.ca.pem, none, listener.tls.client-auth, names authorities",
        ", , authority.ca.pem, request, listener.tls.client-ca-path, listener.tls.cert-path is not",
    })
    void whatDoesNotFitIsAProblemWithTheSettingsName(
            String certificate, String key, String ca, String auth, String setting, String said, Vertx vertx) {
        // Given
        Map<String, String> settings = new HashMap<>();
        put(settings, "TORII_LISTENER_TLS_CERT_PATH", certificate);
        put(settings, "TORII_LISTENER_TLS_KEY_PATH", key);
        put(settings, "TORII_LISTENER_TLS_CLIENT_CA_PATH", ca);
        if (auth != null) {
            settings.put("TORII_LISTENER_TLS_CLIENT_AUTH", auth);
        }

        // Then
        assertThatThrownBy(() -> load(vertx, settings))
                .isInstanceOf(InvalidConfigException.class)
                .extracting(Throwable::getMessage)
                .asString()
                .containsAnyOf(setting, Settings.byKey(setting).environmentName())
                .contains("1 problem", said);
    }

    private static void put(Map<String, String> settings, String name, String file) {
        if (file != null) {
            settings.put(name, folder.resolve(file).toString());
        }
    }

    private static GatewayConfig load(Vertx vertx, String... settings) throws Exception {
        Map<String, String> more = new HashMap<>();
        for (int i = 0; i < settings.length; i += 2) {
            more.put(settings[i], settings[i + 1]);
        }
        return load(vertx, more);
    }

    private static GatewayConfig load(Vertx vertx, Map<String, String> more) throws Exception {
        Map<String, String> environment = new HashMap<>(Map.of(
                "MLFLOW_SERVER_URL", "http://mlflow.test:5000", "HOKUSAI_AUTH_SERVICE_URL", "http://auth.test:8000"));
        environment.putAll(more);
        return new ConfigLoader(vertx)
                .load(Optional.empty(), environment)
                .await(5, SECONDS)
                .config();
    }
}

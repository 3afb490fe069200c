package ai.hokus.torii.cluster;

import static ai.hokus.torii.support.Relayed.ARTIFACT;
import static ai.hokus.torii.support.Relayed.KEY;
import static ai.hokus.torii.support.Relayed.OK;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.NginxServer;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMessage;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.Relayed;
import ai.hokus.torii.support.TestAuthority;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Debian's nginx, told what the Ingress' annotations make ingress-nginx tell its own, in front of the gateway. */
@Tag("cluster")
@NeedsPeer(program = "nginx", install = "apt-get install -y nginx-light")
@NeedsPeer(program = "openssl", install = "apt-get install -y openssl")
@ExtendWith(VertxExtension.class)
class IngressIT {

    private static final Path MANIFEST = Path.of("k8s/components/ingress/ingress.yaml");
    private static final String PREFIX = "nginx.ingress.kubernetes.io/";
    private static final int MIB = 1024 * 1024;
    private static final String PART = "x".repeat(MIB);

    /** nginx' own name for each annotation, and the unit of its value. */
    private static final Map<String, String> DIRECTIVES = Map.of(
            "proxy-body-size", "client_max_body_size %s;",
            "proxy-request-buffering", "proxy_request_buffering %s;",
            "proxy-buffering", "proxy_buffering %s;",
            "proxy-http-version", "proxy_http_version %s;",
            "proxy-connect-timeout", "proxy_connect_timeout %ss;",
            "proxy-read-timeout", "proxy_read_timeout %ss;",
            "proxy-send-timeout", "proxy_send_timeout %ss;");

    @TempDir
    private static Path folder;

    private static TestAuthority authority;
    private static TestAuthority.Issued certificate;

    private Relayed relayed;
    private NginxServer nginx;

    @BeforeAll
    static void certify() throws IOException {
        authority = TestAuthority.make(folder, "authority");
        certificate = authority.issue("localhost");
    }

    @AfterEach
    void stop() throws Exception {
        nginx.close();
        relayed.close();
    }

    private RawClient caller(Vertx vertx, String[] directives, RawMlflow.Script script) throws Exception {
        relayed = Relayed.to(vertx, script);
        nginx = NginxServer.start(folder, relayed.gateway().url(), certificate, directives);
        return RawClient.tls(nginx.port(), authority.context());
    }

    private static String[] annotated() throws IOException {
        Map<String, Node> annotations = Node.documents(Files.readString(MANIFEST))
                .get(0)
                .at("metadata.annotations")
                .fields();
        assertThat(annotations.keySet()).allMatch(name -> DIRECTIVES.containsKey(name.replace(PREFIX, "")));
        return annotations.entrySet().stream()
                .map(annotation -> DIRECTIVES
                        .get(annotation.getKey().replace(PREFIX, ""))
                        .formatted(annotation.getValue().text()))
                .toArray(String[]::new);
    }

    @Test
    void passesAnUploadOnWhileItIsSent(Vertx vertx) throws Exception {
        // Given
        CompletableFuture<String> first = new CompletableFuture<>();
        RawClient caller = caller(vertx, annotated(), (connection, head) -> {
            connection.read(MIB);
            first.complete(head);
            connection.read(MIB);
            connection.send(OK);
        });

        // When the caller sends one half, and the other when MLflow has the first
        caller.send("PUT" + ARTIFACT + "Content-Length: " + 2 * MIB + "\r\n\r\n" + PART);
        String head = first.get(10, TimeUnit.SECONDS);
        caller.send(PART);

        // Then
        assertThat(head).containsIgnoringCase("content-length: " + 2 * MIB);
        assertThat(caller.readMessage().status()).isEqualTo(200);
    }

    @Test
    void passesAnUploadWithoutALengthOn(Vertx vertx) throws Exception {
        // Given
        CompletableFuture<String> seen = new CompletableFuture<>();
        RawClient caller = caller(vertx, annotated(), (connection, head) -> {
            seen.complete(head);
            connection.read(2 * MIB);
            connection.send(OK);
        });

        // When
        String chunk = Integer.toHexString(MIB) + "\r\n" + PART + "\r\n";
        caller.send("PUT" + ARTIFACT + "Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "0\r\n\r\n");

        // Then
        assertThat(caller.readMessage().status()).isEqualTo(200);
        assertThat(seen.get(10, TimeUnit.SECONDS)).containsIgnoringCase("content-length: " + 2 * MIB);
    }

    @Test
    void tellsOfABadKeyBeforeTheBodyIsSent(Vertx vertx) throws Exception {
        // Given
        RawClient caller = caller(vertx, annotated(), (connection, head) -> connection.send(OK));

        // When
        caller.send("PUT" + ARTIFACT.replace(KEY, "hk_test_nobody_knows_this_key_0000000001") + "Content-Length: "
                + 1024L * MIB + "\r\n\r\n" + PART);

        // Then
        RawMessage answer = caller.readMessage();
        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.fields("X-Torii-Reason")).containsExactly("key_refused");
    }

    @Test
    void passesADownloadOnWhileMlflowSends(Vertx vertx) throws Exception {
        // Given
        CompletableFuture<Void> arrived = new CompletableFuture<>();
        RawClient caller = caller(vertx, annotated(), (connection, head) -> {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
            arrived.orTimeout(10, TimeUnit.SECONDS).join();
            connection.send("-last");
        });

        // When
        caller.send("GET" + ARTIFACT + "\r\n");
        caller.readUntil("first");
        arrived.complete(null);

        // Then
        assertThat(caller.read(5)).isEqualTo("-last");
    }

    @Test
    void refusesTheUploadWithoutTheAnnotations(Vertx vertx) throws Exception {
        // Given
        RawClient caller = caller(vertx, new String[0], (connection, head) -> connection.send(OK));

        // When
        caller.send("PUT" + ARTIFACT + "Content-Length: " + 2 * MIB + "\r\n\r\n");

        // Then
        RawMessage answer = caller.readMessage();
        assertThat(answer.status()).isEqualTo(413);
        assertThat(answer.fields("X-Torii-Reason")).isEmpty();
    }
}

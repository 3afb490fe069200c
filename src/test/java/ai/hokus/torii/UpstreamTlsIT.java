package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.ARTIFACT;
import static ai.hokus.torii.support.Relayed.GET;
import static ai.hokus.torii.support.Relayed.KEY;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.TlsServer;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The relay in front of an MLflow behind TLS: an end that TLS does not confirm is a cut (RFC 9112 §9.8). */
@ExtendWith(VertxExtension.class)
class UpstreamTlsIT {

    private static final int BYTES = 2_000_000;
    private static final String ENDLESS = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

    @TempDir
    private static Path folder;

    private static TlsServer.Identity identity;

    @BeforeAll
    static void makeIdentity() throws Exception {
        identity = TlsServer.Identity.make(folder);
    }

    private static TestGateway gateway(Vertx vertx, TlsServer mlflow) throws Exception {
        return TestGateway.start(
                vertx,
                mlflow.url(),
                KEY,
                "MLFLOW_CA_BUNDLE_PATH",
                identity.certificate().toString());
    }

    @Test
    void carriesBodiesBothWays(Vertx vertx) throws Exception {
        // Given
        try (TlsServer mlflow = new TlsServer(identity, exchange -> {
            exchange.read(BYTES);
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: " + BYTES + "\r\n\r\n" + "y".repeat(BYTES));
            exchange.endStream();
        })) {
            TestGateway gateway = gateway(vertx, mlflow);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send("PUT" + ARTIFACT + "Content-Length: " + BYTES + "\r\n\r\n" + "x".repeat(BYTES));

                // Then
                assertThat(caller.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200");
                assertThat(caller.read(BYTES).length()).isEqualTo(BYTES);
            }
            gateway.stop();
        }
    }

    @ParameterizedTest
    @CsvSource({"true,true", "false,false"})
    void believesTheEndOfAnAnswerOnlyWhereTlsConfirmsIt(boolean confirmed, boolean whole, Vertx vertx)
            throws Exception {
        // Given an answer that ends where the connection ends
        try (TlsServer mlflow = new TlsServer(identity, exchange -> {
            exchange.send(ENDLESS + "hello");
            if (confirmed) {
                exchange.endStream();
            } else {
                exchange.cut();
            }
        })) {
            TestGateway gateway = gateway(vertx, mlflow);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(GET.replace("Host: h\r\n", "Host: h\r\nConnection: close\r\n"));

                // Then
                String answer = caller.readToEnd();
                assertThat(answer.endsWith("\r\n0\r\n\r\n")).as(answer).isEqualTo(whole);
                assertThat(answer.endsWith("[reset]")).as(answer).isEqualTo(!whole);
            }
            gateway.stop();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "Content-Length: 100,true",
        "Content-Length: 100,false",
        "Transfer-Encoding: chunked,true",
        "Transfer-Encoding: chunked,false"
    })
    void neverCompletesAnAnswerThatWasCut(String framing, boolean confirmed, Vertx vertx) throws Exception {
        // Given
        try (TlsServer mlflow = new TlsServer(identity, exchange -> {
            exchange.send("HTTP/1.1 200 OK\r\n" + framing + "\r\n\r\n5\r\nhello\r\n");
            if (confirmed) {
                exchange.endStream();
            } else {
                exchange.cut();
            }
        })) {
            TestGateway gateway = gateway(vertx, mlflow);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(GET);

                // Then
                assertThat(caller.readToEnd())
                        .contains("hello")
                        .endsWith("[reset]")
                        .doesNotContain("\r\n0\r\n");
            }
            gateway.stop();
        }
    }

    @Test
    void doesNotTalkToAnMlflowThatItDoesNotTrust(Vertx vertx) throws Exception {
        // Given no authority that vouches for it
        try (TlsServer mlflow = new TlsServer(identity, exchange -> exchange.send(ENDLESS))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(GET);

                // Then
                assertThat(caller.readUntil("}")).startsWith("HTTP/1.1 502").contains("upstream_unreachable");
            }
            gateway.stop();
        }
    }
}

package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.KEY;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.StubDns;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.TlsServer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** MLflow servers behind one name, as a real name server tells them: its answers are followed. */
@ExtendWith(VertxExtension.class)
class DnsReplicasIT {

    private static final String NAME = "mlflow.test";
    private static final String PATH = "/api/2.0/mlflow/runs/get";

    private Vertx vertx;
    private StubDns dns;
    private Vertx asking;
    private StubServer first;
    private StubServer second;
    private StubServer third;
    private TestGateway gateway;

    @BeforeEach
    void start(Vertx given) throws Exception {
        vertx = given;
        dns = StubDns.start(vertx, NAME);
        asking = dns.client();
        first = StubServer.start(vertx);
        second = StubServer.start(vertx, "127.0.0.2", first.port());
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
        asking.close().await(10, TimeUnit.SECONDS);
    }

    private void startGateway(String... settings) throws Exception {
        String[] all = new String[settings.length + 2];
        System.arraycopy(settings, 0, all, 0, settings.length);
        all[settings.length] = "TORII_MLFLOW_DNS_INTERVAL";
        all[settings.length + 1] = "100ms";
        gateway = TestGateway.start(asking, "http://" + NAME + ":" + first.port(), KEY, all);
    }

    /** Whether it knows these addresses and no others. */
    private boolean knows(String... addresses) throws Exception {
        String metrics = gateway.manage("/metrics").bodyAsString();
        for (String address : addresses) {
            if (!metrics.contains("torii_upstream_up{replica=\"" + address + ":" + first.port() + "\"} 1")) {
                return false;
            }
        }
        return metrics.lines()
                        .filter(line -> line.startsWith("torii_upstream_up{"))
                        .count()
                == addresses.length;
    }

    private void ask(int times) throws Exception {
        for (int i = 0; i < times; i++) {
            assertThat(gateway.get(PATH, KEY).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void allAddressesOfANameGetRequestsUnderItsName() throws Exception {
        // Given
        dns.knows("127.0.0.1", "127.0.0.2");
        startGateway();
        Await.until("both are known", () -> knows("127.0.0.1", "127.0.0.2"));

        // When
        ask(10);

        // Then
        assertThat(first.forwarded()).hasSizeBetween(3, 7);
        assertThat(second.forwarded())
                .hasSizeBetween(3, 7)
                .allSatisfy(request -> assertThat(request.headers().get("Host")).isEqualTo(NAME + ":" + first.port()));
    }

    @Test
    void anAddressThatComesIsUsedAndOneThatGoesGetsNothingMore() throws Exception {
        // Given one address, and a request under way there
        CompletableFuture<HttpServerResponse> held = new CompletableFuture<>();
        first.answering((request, response) -> {
            if (request.headers().contains("X-Request-Id")) {
                held.complete(response);
            } else {
                response.end("{}");
            }
        });
        dns.knows("127.0.0.1");
        startGateway();
        Future<HttpResponse<Buffer>> underWay = gateway.request(HttpMethod.GET, PATH)
                .bearerTokenAuthentication(KEY)
                .send();
        HttpServerResponse last = held.get(5, TimeUnit.SECONDS);

        // When
        dns.knows("127.0.0.2", "127.0.0.3");
        third = StubServer.start(vertx, "127.0.0.3", first.port());
        Await.until("the others are known", () -> knows("127.0.0.2", "127.0.0.3"));
        ask(6);

        // Then
        assertThat(first.forwarded()).hasSize(1);
        assertThat(second.forwarded()).isNotEmpty();
        assertThat(third.forwarded()).isNotEmpty();
        last.end("{}");
        assertThat(underWay.await(5, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }

    @Test
    void idleConnectionsToAnAddressThatGoesAreClosed() throws Exception {
        // Given connections that would be kept for long
        dns.knows("127.0.0.1", "127.0.0.2");
        startGateway("TORII_FORWARD_KEEP_ALIVE", "10m", "TORII_MLFLOW_PROBE_INTERVAL", "1h");
        Await.until("both are known", () -> knows("127.0.0.1", "127.0.0.2"));
        ask(10);
        double before = gateway.metric("torii_upstream_connections");

        // When
        dns.knows("127.0.0.2");

        // Then
        Await.until("fewer connections", () -> gateway.metric("torii_upstream_connections") < before);
    }

    @Test
    void theLastAddressesStayWhileTheNameServerFails() throws Exception {
        // Given
        dns.knows("127.0.0.1", "127.0.0.2");
        startGateway();
        Await.until("both are known", () -> knows("127.0.0.1", "127.0.0.2"));

        // When
        dns.fails();
        int before = dns.questions();
        Await.until("it was asked again", () -> dns.questions() > before + 6);

        // Then
        ask(10);
        assertThat(knows("127.0.0.1", "127.0.0.2")).isTrue();
        assertThat(second.forwarded()).isNotEmpty();

        // When
        dns.knows("127.0.0.2");

        // Then
        Await.until("it is followed again", () -> knows(NAME));
        int asked = first.forwarded().size();
        ask(4);
        assertThat(first.forwarded()).hasSize(asked);
    }

    @Test
    void aNameOfOneAddressThatMovesIsFollowedThoughItsConnectionsLive() throws Exception {
        // Given
        dns.knows("127.0.0.1");
        startGateway("TORII_FORWARD_KEEP_ALIVE", "10m");
        ask(2);
        assertThat(knows(NAME)).isTrue();

        // When
        dns.knows("127.0.0.2");

        // Then
        Await.until("the other is asked", () -> {
            ask(1);
            return !second.forwarded().isEmpty();
        });
        int asked = first.forwarded().size();
        ask(4);
        assertThat(first.forwarded()).hasSize(asked);
    }

    @Test
    void aNameThatIsNotThereYetIsA502AndNeedsNoRestart() throws Exception {
        // Given
        startGateway();
        assertThat(gateway.get(PATH, KEY).statusCode()).isEqualTo(502);

        // When
        dns.knows("127.0.0.1");

        // Then
        Await.until("it answers", () -> gateway.get(PATH, KEY).statusCode() == 200);
    }

    @Test
    void theNameIsWhatTlsAsksForAndChecksWhateverTheAddress(@TempDir Path folder) throws Exception {
        // Given
        TlsServer.Identity identity = TlsServer.Identity.make(folder, NAME);
        List<String> names = new CopyOnWriteArrayList<>();
        dns.knows("127.0.0.1", "127.0.0.2");
        try (TlsServer mlflow = new TlsServer(identity, exchange -> {
            names.addAll(exchange.serverNames());
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
            exchange.endStream();
        })) {
            String trusted = identity.certificate().toString();
            gateway = TestGateway.start(
                    asking, "https://" + NAME + ":" + mlflow.port(), KEY, "MLFLOW_CA_BUNDLE_PATH", trusted);
            Await.until(
                    "both are known",
                    () -> gateway.manage("/metrics").bodyAsString().contains("{replica=\"127.0.0.2:" + mlflow.port()));

            // When
            ask(4);

            // Then
            assertThat(names).containsExactly(NAME, NAME, NAME, NAME);

            // When it is reached under another name
            gateway.stop();
            gateway = TestGateway.start(
                    asking, "https://127.0.0.1:" + mlflow.port(), KEY, "MLFLOW_CA_BUNDLE_PATH", trusted);

            // Then
            assertThat(gateway.get(PATH, KEY).bodyAsString()).contains("upstream_unreachable");
        }
    }
}

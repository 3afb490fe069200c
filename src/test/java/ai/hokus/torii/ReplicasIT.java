package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.KEY;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.AccessLines;
import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.RawServer;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Several MLflow servers by a list of addresses: who is asked, who is left out, what goes to another. */
@ExtendWith(VertxExtension.class)
class ReplicasIT {

    private static final String PATH = "/api/2.0/mlflow/runs/get";

    private static TestGateway gateway(Vertx vertx, String urls, String... settings) throws Exception {
        String[] all = new String[settings.length + 2];
        System.arraycopy(settings, 0, all, 0, settings.length);
        all[settings.length] = "TORII_MLFLOW_PROBE_INTERVAL";
        all[settings.length + 1] = "100ms";
        return TestGateway.start(vertx, urls, KEY, all);
    }

    private static String up(StubServer mlflow) {
        return "torii_upstream_up{replica=\"127.0.0.1:" + mlflow.port() + "\"}";
    }

    private static String requests(StubServer mlflow) {
        return "torii_upstream_requests{replica=\"127.0.0.1:" + mlflow.port() + "\"}";
    }

    private static Future<HttpResponse<Buffer>> send(TestGateway gateway) {
        return gateway.request(HttpMethod.POST, "/api/2.0/mlflow/runs/create")
                .bearerTokenAuthentication(KEY)
                .sendBuffer(Buffer.buffer("{}"));
    }

    private static HttpResponse<Buffer> post(TestGateway gateway) throws Exception {
        return send(gateway).await(10, TimeUnit.SECONDS);
    }

    /** A port where nobody listens. */
    private static StubServer gone(Vertx vertx) throws Exception {
        StubServer gone = StubServer.start(vertx);
        gone.stop();
        return gone;
    }

    @Test
    void shareTheRequestsAndEachHearsItsOwnHost(Vertx vertx) throws Exception {
        // Given
        StubServer first = StubServer.start(vertx);
        StubServer second = StubServer.start(vertx);
        TestGateway gateway = gateway(vertx, first.url() + "," + second.url());

        // When
        for (int i = 0; i < 10; i++) {
            assertThat(gateway.get(PATH, KEY).statusCode()).isEqualTo(200);
        }

        // Then
        assertThat(first.forwarded()).hasSizeBetween(3, 7);
        assertThat(second.forwarded()).hasSizeBetween(3, 7);
        assertThat(first.forwarded())
                .allSatisfy(
                        request -> assertThat(request.headers().get("Host")).isEqualTo("127.0.0.1:" + first.port()));
        assertThat(second.forwarded())
                .allSatisfy(
                        request -> assertThat(request.headers().get("Host")).isEqualTo("127.0.0.1:" + second.port()));
        gateway.stop();
    }

    @Test
    void withFewestRequestsIsAsked(Vertx vertx) throws Exception {
        // Given one that does not answer yet
        Queue<HttpServerResponse> waiting = new ConcurrentLinkedQueue<>();
        StubServer slow = StubServer.start(vertx).answering((request, response) -> {
            if (request.headers().contains("X-Request-Id")) {
                waiting.add(response);
            } else {
                response.end("{}");
            }
        });
        StubServer quick = StubServer.start(vertx);
        // A probe that waits for its answer counts as well, so that there shall be none but the first.
        TestGateway gateway =
                TestGateway.start(vertx, slow.url() + "," + quick.url(), KEY, "TORII_MLFLOW_PROBE_INTERVAL", "1h");
        Future<HttpResponse<Buffer>> held = null;
        while (waiting.isEmpty()) {
            held = gateway.request(HttpMethod.GET, PATH)
                    .bearerTokenAuthentication(KEY)
                    .send();
            Future<HttpResponse<Buffer>> asked = held;
            Await.until("it has reached one", () -> asked.isComplete() || !waiting.isEmpty());
        }
        Await.until(
                "no probe is under way",
                () -> gateway.metric(requests(slow)) == 1 && gateway.metric(requests(quick)) == 0);
        int before = quick.forwarded().size();

        // When
        for (int i = 0; i < 10; i++) {
            gateway.get(PATH, KEY);
        }

        // Then
        assertThat(quick.forwarded()).hasSize(before + 10);
        assertThat(slow.forwarded()).hasSize(1);
        waiting.remove().end("{}");
        assertThat(held.await(5, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        gateway.stop();
    }

    @Test
    void thatRefuseConnectionsCostNobodyARequestNotEvenAWrite(Vertx vertx) throws Exception {
        // Given nobody to notice that one is gone but the requests themselves
        StubServer alive = StubServer.start(vertx);
        StubServer gone = gone(vertx);
        TestGateway gateway = TestGateway.start(
                vertx,
                gone.url() + "," + alive.url(),
                KEY,
                "TORII_MLFLOW_PROBE_INTERVAL",
                "1h",
                "TORII_MLFLOW_PROBE_FAILURES",
                "3");

        // When
        for (int i = 0; i < 10; i++) {
            assertThat(post(gateway).statusCode()).isEqualTo(200);
        }

        // Then
        assertThat(alive.forwarded()).hasSize(10);
        assertThat(gateway.metric("torii_upstream_failovers_total{why=\"connect\"}"))
                .isBetween(2.0, 3.0);
        assertThat(gateway.metric(up(gone))).isZero();
        assertThat(gateway.metric(up(alive))).isEqualTo(1);
        gateway.stop();
    }

    @Test
    void thatAcceptNoConnectionCostAWriteNoMoreThanTheTimeToConnect(Vertx vertx) throws Exception {
        // Given a listener whose queue is full, so that the kernel drops what comes
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
                SocketChannel first = SocketChannel.open(full.getLocalSocketAddress());
                SocketChannel second = SocketChannel.open(full.getLocalSocketAddress())) {
            assertThat(first.isConnected() && second.isConnected()).isTrue();
            Queue<HttpServerResponse> waiting = new ConcurrentLinkedQueue<>();
            StubServer alive = StubServer.start(vertx).answering((request, response) -> {
                if (request.headers().contains("X-Request-Id")) {
                    waiting.add(response);
                } else {
                    response.end("{}");
                }
            });
            TestGateway gateway = TestGateway.start(
                    vertx,
                    "http://127.0.0.1:" + full.getLocalPort() + "," + alive.url(),
                    KEY,
                    "TORII_FORWARD_CONNECT_TIMEOUT",
                    "200ms",
                    "TORII_MLFLOW_PROBE_INTERVAL",
                    "1h");

            // When so many are under way that its turn comes
            List<Future<HttpResponse<Buffer>>> posts =
                    IntStream.range(0, 6).mapToObj(i -> send(gateway)).toList();
            Await.until("all have reached the one that is there", () -> waiting.size() == 6);
            waiting.forEach(response -> response.end("{}"));

            // Then
            for (Future<HttpResponse<Buffer>> post : posts) {
                assertThat(post.await(5, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
            }
            assertThat(gateway.metric("torii_upstream_failovers_total{why=\"connect\"}"))
                    .isPositive();
            gateway.stop();
        }
    }

    @Test
    void answerTheModelsAndTheHealthRoutesAsLongAsOneIsThere(Vertx vertx) throws Exception {
        // Given
        StubServer alive = StubServer.start(vertx).answering(200, "{\"registered_models\":[]}");
        StubServer gone = gone(vertx);
        TestGateway gateway =
                TestGateway.start(vertx, gone.url() + "," + alive.url(), KEY, "TORII_MLFLOW_PROBE_INTERVAL", "1h");

        // Then
        for (int i = 0; i < 4; i++) {
            assertThat(gateway.get("/api/models", KEY).statusCode()).isEqualTo(200);
            assertThat(gateway.get("/api/health/mlflow", KEY).bodyAsString()).contains("\"api\",\"status\":\"up\"");
        }
        gateway.stop();
    }

    @Test
    void areTriedNoLongerThanARequestMayWaitForAConnection(Vertx vertx) throws Exception {
        // Given two that accept no connection, and a wait that ends long before they are given up
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
                SocketChannel first = SocketChannel.open(full.getLocalSocketAddress());
                SocketChannel second = SocketChannel.open(full.getLocalSocketAddress())) {
            assertThat(first.isConnected() && second.isConnected()).isTrue();
            int port = full.getLocalPort();
            TestGateway gateway = TestGateway.start(
                    vertx,
                    "http://127.0.0.1:" + port + ",http://localhost:" + port,
                    KEY,
                    "TORII_FORWARD_CONNECT_TIMEOUT",
                    "1m",
                    "TORII_FORWARD_POOL_WAIT",
                    "200ms",
                    "TORII_MLFLOW_PROBE_INTERVAL",
                    "1h");

            // Then
            assertThat(post(gateway).bodyAsString()).contains("\"overloaded\"");
            assertThat(gateway.metric("torii_upstream_failovers_total{why=\"connect\"}"))
                    .isZero();
            gateway.stop();
        }
    }

    @Test
    void thatFailTheirProbesAreLeftOutAndComeBack(Vertx vertx) throws Exception {
        // Given one that answers everything with an error
        StubServer good = StubServer.start(vertx);
        StubServer bad = StubServer.start(vertx).answering(500, "{}");
        TestGateway gateway = gateway(vertx, good.url() + "," + bad.url());
        Await.until(
                "it is left out",
                () -> gateway.manage("/metrics").bodyAsString().contains(up(bad) + " 0"));
        int before = bad.forwarded().size();

        // When
        for (int i = 0; i < 10; i++) {
            assertThat(gateway.get(PATH, KEY).statusCode()).isEqualTo(200);
        }

        // Then
        assertThat(bad.forwarded()).hasSize(before);

        // When
        bad.answering(200, "{}");
        Await.until("it is back", () -> gateway.metric(up(bad)) == 1);
        for (int i = 0; i < 10; i++) {
            gateway.get(PATH, KEY);
        }

        // Then
        assertThat(bad.forwarded().size()).isGreaterThan(before + 2);
        gateway.stop();
    }

    @Test
    void areAllAskedWhenNoneIsGood(Vertx vertx) throws Exception {
        // Given
        StubServer first = StubServer.start(vertx).answering(500, "{\"a\":1}");
        StubServer second = StubServer.start(vertx).answering(500, "{\"a\":1}");
        TestGateway gateway = gateway(vertx, first.url() + "," + second.url());
        Await.until(
                "both are left out",
                () -> gateway.manage("/metrics").bodyAsString().contains(up(first) + " 0")
                        && gateway.metric(up(second)) == 0);

        // When
        List<Integer> statuses = IntStream.range(0, 6)
                .mapToObj(i -> {
                    try {
                        return gateway.get(PATH, KEY).statusCode();
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                })
                .toList();

        // Then
        assertThat(statuses).containsOnly(500);
        assertThat(first.forwarded()).isNotEmpty();
        assertThat(second.forwarded()).isNotEmpty();
        gateway.stop();
    }

    @Test
    void makeAGatewayReadyAsSoonAsOneAnswers(Vertx vertx) throws Exception {
        // Given
        StubServer alive = StubServer.start(vertx);
        StubServer gone = gone(vertx);

        // When
        TestGateway gateway = gateway(vertx, gone.url() + "," + alive.url());

        // Then
        Await.until("it is ready", () -> gateway.manage("/ready").statusCode() == 200);
        Await.until(
                "it tells operators which is not",
                () -> gateway.manage("/ready")
                        .bodyAsString()
                        .contains("{\"name\":\"127.0.0.1:" + gone.port()
                                + "\",\"status\":\"left_out\",\"reason\":\"upstream_unreachable\"}"));
        assertThat(gateway.manage("/ready").bodyAsString())
                .contains("{\"name\":\"127.0.0.1:" + alive.port() + "\",\"status\":\"up\"}")
                .contains("\"name\":\"mlflow\",\"status\":\"up\"", "\"status\":\"degraded\"");
        assertThat(gateway.manage("/ready?strict=1").statusCode()).isEqualTo(200);
        assertThat(gateway.get("/ready", (String) null).bodyAsString())
                .contains("\"reason\":\"upstream_unreachable\"")
                .doesNotContain("127.0.0.1", "replicas");
        gateway.stop();
    }

    @Test
    void takeOverAReadFromOneThatHangsUp(Vertx vertx) throws Exception {
        // Given
        try (RawServer dying = RawMlflow.start((connection, head) -> {})) {
            StubServer alive = StubServer.start(vertx);
            TestGateway gateway =
                    TestGateway.start(vertx, dying.url() + "," + alive.url(), KEY, "TORII_MLFLOW_PROBE_INTERVAL", "1h");

            // When
            for (int i = 0; i < 6; i++) {
                assertThat(gateway.get(PATH, KEY).statusCode()).isEqualTo(200);
            }

            // Then
            assertThat(gateway.metric("torii_upstream_failovers_total{why=\"died\"}"))
                    .isPositive();
            gateway.stop();
        }
    }

    @Test
    void neverGetAWriteTwice(Vertx vertx) throws Exception {
        // Given
        try (RawServer dying = RawMlflow.start((connection, head) -> {})) {
            StubServer alive = StubServer.start(vertx);
            TestGateway gateway =
                    TestGateway.start(vertx, dying.url() + "," + alive.url(), KEY, "TORII_MLFLOW_PROBE_INTERVAL", "1h");

            // When
            int failed = 0;
            for (int i = 0; i < 6; i++) {
                failed += post(gateway).statusCode() == 502 ? 1 : 0;
            }

            // Then
            assertThat(failed).isPositive();
            assertThat(alive.forwarded()).hasSize(6 - failed);
            gateway.stop();
        }
    }

    @Test
    void areNamedByTheAccessLineAndNeverByAnAnswer(Vertx vertx) throws Exception {
        // Given
        StubServer first = StubServer.start(vertx)
                .answering((request, response) -> response.setStatusCode(302)
                        .putHeader("Location", "http://" + request.headers().get("Host") + "/x")
                        .end());
        StubServer second = StubServer.start(vertx)
                .answering((request, response) -> response.setStatusCode(302)
                        .putHeader("Location", "http://" + request.headers().get("Host") + "/x")
                        .end());
        TestGateway gateway = gateway(vertx, first.url() + "," + second.url());
        try (AccessLines lines = AccessLines.open();
                RawClient caller = new RawClient(gateway.port())) {
            for (int i = 0; i < 4; i++) {
                // When
                caller.send("GET /mlflow" + PATH + " HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n\r\n");

                // Then
                assertThat(caller.readUntil("\r\n\r\n"))
                        .containsIgnoringCase("location: /mlflow/x")
                        .doesNotContain("127.0.0.1");
            }
            assertThat(lines.next("upstream=127.0.0.1:" + first.port())).isNotNull();
            assertThat(lines.next("upstream=127.0.0.1:" + second.port())).isNotNull();
        }
        gateway.stop();
    }
}

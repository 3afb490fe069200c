package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.Haproxy;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.PythonDialogue;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Two gateways behind HAProxy are restarted in turn while the real client, which tries nothing twice, registers models:
 * nobody notices.
 */
@Tag("mlflow")
@NeedsPeer(program = "haproxy", install = "apt-get install haproxy")
@ExtendWith(VertxExtension.class)
class GatewayRestartIT {

    private static final String KEY = "hk_test_rollingTestOnlyTestOnlyTestOnly0";
    private static final int UPLOAD_BYTES = 300_000;
    private static final List<String> SERVERS = List.of("one", "two");

    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<String, Integer> ports = new HashMap<>();
    private final Map<String, ToriiProcess> gateways = new HashMap<>();
    private final Map<String, String> digests = new LinkedHashMap<>();
    private Map<String, String> environment;
    private Haproxy haproxy;

    private void start(Vertx vertx, String mode) throws Exception {
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        environment = TestGateway.environment(RealMlflow.shared().uri().toString(), auth.url());
        environment.put("TORII_DRAIN_DELAY", "2s");
        environment.put("TORII_DRAIN_GRACE", "30s");
        List<Integer> free = Haproxy.freePorts(SERVERS.size());
        for (String server : SERVERS) {
            ports.put(server, free.get(gateways.size()));
            launch(server);
        }
        haproxy = Haproxy.start(mode, ports.get("one"), ports.get("two"));
    }

    private void launch(String server) throws Exception {
        Map<String, String> own = new HashMap<>(environment);
        own.put("API_PORT", String.valueOf(ports.get(server)));
        gateways.put(server, ToriiProcess.serve(own, "@conf/jvm.options"));
    }

    @AfterEach
    void stop() throws IOException {
        gateways.values().forEach(ToriiProcess::close);
        if (haproxy != null) {
            haproxy.close();
        }
    }

    @Test
    void tenRestartsUnderLoadAndWithAnUploadInFlightFailNoCall(Vertx vertx) throws Exception {
        // Given
        start(vertx, "http");
        try (PythonDialogue load = load()) {
            // When
            for (int i = 0; i < 10; i++) {
                restartDuringAnUpload(SERVERS.get(i % 2), "upload-" + i + "-" + UUID.randomUUID());
            }

            // Then
            judge(load);
        }
        for (String name : digests.keySet()) {
            assertThat(digest(name)).as(name).isEqualTo(digests.get(name));
        }
        for (String server : SERVERS) {
            assertThat(haproxy.stat(server, "hrsp_5xx")).as("5xx of " + server).isEqualTo("0");
            assertThat(haproxy.stat(server, "econ")).as("refused by " + server).isEqualTo("0");
            assertThat(haproxy.stat(server, "eresp")).as("broken by " + server).isEqualTo("0");
            assertThat(haproxy.stat(server, "wretr"))
                    .as("tried again on " + server)
                    .isEqualTo("0");
        }
    }

    @Test
    void restartsBehindABalancerOfConnectionsFailNoCall(Vertx vertx) throws Exception {
        // Given
        start(vertx, "tcp");
        try (PythonDialogue load = load()) {
            // When
            for (int i = 0; i < SERVERS.size(); i++) {
                restart(SERVERS.get(i));
            }

            // Then
            judge(load);
        }
    }

    private PythonDialogue load() throws Exception {
        PythonDialogue load = PythonClient.current()
                .at(haproxy.url() + "/api/mlflow")
                .token(KEY)
                .with("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
                .start("rolling_load.py", "3");
        load.hear();
        return load;
    }

    private void judge(PythonDialogue load) throws Exception {
        load.tell("stop");
        JsonObject facts = load.hear();
        System.out.println("rolling restarts: " + facts);
        assertThat(facts.getJsonArray("failures")).isEmpty();
        assertThat(facts.getInteger("registered")).isGreaterThan(10);
        for (ToriiProcess gateway : gateways.values()) {
            judgeMetrics(gateway);
        }
    }

    private void restart(String server) throws Exception {
        ToriiProcess torii = gateways.get(server);
        torii.terminate();
        torii.awaitLine("draining");
        assertThat(torii.awaitExit()).isZero();
        launch(server);
        haproxy.awaitUp(server);
    }

    private void restartDuringAnUpload(String server, String name) throws Exception {
        ToriiProcess torii = gateways.get(server);
        byte[] body = new byte[UPLOAD_BYTES];
        new Random(name.hashCode()).nextBytes(body);
        digests.put(
                name,
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body)));
        try (RawClient caller = new RawClient(haproxy.port())) {
            caller.send("PUT " + path(name) + " HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n" + Haproxy.TO + ": "
                    + server + "\r\nExpect: 100-continue\r\nContent-Length: " + UPLOAD_BYTES + "\r\n\r\n");
            caller.readUntil("HTTP/1.1 100 Continue\r\n\r\n");
            caller.out().write(body, 0, UPLOAD_BYTES / 2);
            torii.terminate();
            torii.awaitLine("draining");
            Await.until("the listening socket is closed", () -> isRefused(server));
            caller.out().write(body, UPLOAD_BYTES / 2, UPLOAD_BYTES / 2 - 1);
            // All others have left by now.
            judgeMetrics(torii);
            caller.out().write(body, UPLOAD_BYTES - 1, 1);
            assertThat(caller.readMessage().status()).isEqualTo(200);
        }
        assertThat(torii.awaitExit()).isZero();
        launch(server);
        haproxy.awaitUp(server);
    }

    private boolean isRefused(String server) throws IOException {
        try {
            new RawClient(ports.get(server)).close();
            return false;
        } catch (SocketException e) {
            // One that comes in the very moment is reset; the next one is refused.
            return e instanceof ConnectException;
        }
    }

    /** Zero answers with 5xx, but for those of /ready, which is how HAProxy learns of it. */
    private void judgeMetrics(ToriiProcess torii) throws Exception {
        String metrics = http.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + torii.managementPort() + "/metrics"))
                                .build(),
                        BodyHandlers.ofString())
                .body();
        assertThat(metrics.lines()
                        .filter(line -> line.startsWith("torii_requests_total{"))
                        .filter(line -> line.contains("status=\"2xx\"")))
                .isNotEmpty();
        assertThat(metrics.lines()
                        .filter(line -> line.startsWith("torii_requests_total{"))
                        .filter(line -> line.contains("status=\"5xx\"") || line.contains("status=\"none\""))
                        .filter(line -> !line.contains("operation=\"health\"")))
                .isEmpty();
    }

    private static String path(String name) {
        return "/api/2.0/mlflow-artifacts/artifacts/0/rolling/artifacts/" + name;
    }

    private String digest(String name) throws Exception {
        byte[] stored = http.send(
                        HttpRequest.newBuilder(URI.create(haproxy.url() + path(name)))
                                .header("X-API-Key", KEY)
                                .build(),
                        BodyHandlers.ofByteArray())
                .body();
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(stored));
    }
}

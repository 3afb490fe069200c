package ai.hokus.torii.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.PrometheusServer;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A real Prometheus works the rules out of real gateways' numbers, and real failures set alerts off. */
@Tag("cluster")
@NeedsPeer(program = "prometheus", install = "apt-get install prometheus")
@ExtendWith(VertxExtension.class)
class PrometheusRulesIT {

    /** What the machine that runs the tests may set off, because others use its processors. */
    private static final Set<String> OF_A_BUSY_MACHINE =
            Set.of("ToriiCpuBusy", "ToriiEventLoopsLate", "ToriiAddedLatencyHigh");

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String SEARCH = "/api/2.0/mlflow/registered-models/search";
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Pattern METRIC = Pattern.compile("\\b(torii|jvm|process)_[a-z_]+[a-z]\\b");

    private StubServer mlflow;
    private StubAuthService auth;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        mlflow = StubServer.start(vertx);
        auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
    }

    /** Finds gateways as pods, each under the labels that the ServiceMonitor gives it. */
    private static PrometheusServer watch(Path folder, JsonObject rules, Map<String, TestGateway> pods)
            throws IOException {
        StringBuilder job = new StringBuilder("- job_name: torii\n  static_configs:\n");
        pods.forEach((labels, pod) -> job.append("  - targets: ['127.0.0.1:%d']\n".formatted(pod.managementPort()))
                .append("    labels: {%s}\n".formatted(labels)));
        return PrometheusServer.start(
                folder, Duration.ofMillis(400), job.toString(), List.of(RuleFile.write(rules, folder)));
    }

    /** The rules with alerts that do not wait. */
    private static JsonObject hasty() throws IOException {
        JsonObject spec = new JsonObject(RuleFile.spec().encode());
        spec.getJsonArray("groups").stream()
                .flatMap(group -> ((JsonObject) group).getJsonArray("rules").stream())
                .map(JsonObject.class::cast)
                .filter(rule -> rule.containsKey("for"))
                .forEach(rule -> rule.put("for", "400ms"));
        return spec;
    }

    private static JsonObject firing(PrometheusServer prometheus, String alert) throws IOException {
        JsonArray[] found = new JsonArray[1];
        Await.until(alert + " fires", PATIENCE, () -> {
            found[0] = new JsonArray(prometheus.alerts().stream()
                    .map(JsonObject.class::cast)
                    .filter(a -> a.getString("state").equals("firing"))
                    .filter(a ->
                            a.getJsonObject("labels").getString("alertname").equals(alert))
                    .toList());
            return !found[0].isEmpty();
        });
        return found[0].getJsonObject(0);
    }

    @Test
    void evaluateWithoutAnErrorOverWhatAGatewayTells(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given two gateways with the traffic of a usual minute
        TestGateway one = TestGateway.start(vertx, mlflow, auth);
        TestGateway two = TestGateway.start(vertx, mlflow, auth);
        try (PrometheusServer prometheus = watch(
                folder,
                RuleFile.spec(),
                Map.of("namespace: torii, pod: torii-a", one, "namespace: torii, pod: torii-b", two))) {
            // When
            Await.until("every rule has been evaluated over several scrapes", PATIENCE, () -> {
                for (TestGateway gateway : List.of(one, two)) {
                    gateway.get(SEARCH, KEY);
                    gateway.get(SEARCH, "hk_test_nobody_knows_this_key_0000000001");
                    gateway.get("/nowhere", (String) null);
                }
                return prometheus.value("count_over_time(torii:requests:rate5m[1m])") >= 3
                        && prometheus.rules().stream()
                                .noneMatch(rule -> rule.getString("health").equals("unknown"));
            });

            // Then
            assertThat(prometheus.rules()).isNotEmpty().allSatisfy(rule -> {
                assertThat(rule.getString("lastError", "")).isEmpty();
                assertThat(rule.getString("health")).isEqualTo("ok");
            });
            assertThat(recordedButEmpty(prometheus)).isEmpty();
            assertThat(prometheus.alerts().stream()
                            .map(JsonObject.class::cast)
                            .map(alert -> alert.getJsonObject("labels").getString("alertname"))
                            .filter(name -> !OF_A_BUSY_MACHINE.contains(name)))
                    .isEmpty();
            assertThat(prometheus.value("torii:availability:ratio_rate5m{side=\"all\"}"))
                    .isEqualTo(1);
            assertThat(prometheus.log()).doesNotContain("level=warn", "level=error");
        }
        one.stop();
        two.stop();
    }

    /** What is recorded, or asked for, and has no value although there is traffic. */
    private static Set<String> recordedButEmpty(PrometheusServer prometheus) throws IOException {
        // These are there only with TLS, with Redis, while a check fails, or once a scope was missing.
        Set<String> conditional = Set.of(
                "torii_tls_certificate_expiry_timestamp_seconds",
                "torii_tls_files_refused",
                "torii_revocations_listening",
                "torii_health_reason",
                "torii_authorization_refusals_total");
        List<JsonObject> rules = RuleFile.rules(RuleFile.spec());
        Set<String> names = new TreeSet<>();
        rules.stream()
                .filter(rule -> rule.containsKey("record"))
                .map(rule -> rule.getString("record"))
                .forEach(names::add);
        rules.stream()
                .flatMap(
                        rule -> METRIC.matcher(rule.getString("expr")).results().map(MatchResult::group))
                .filter(name -> !conditional.contains(name))
                .forEach(names::add);
        Set<String> empty = new TreeSet<>();
        for (String name : names) {
            if (prometheus.query(name).isEmpty()) {
                empty.add(name);
            }
        }
        return empty;
    }

    @Test
    void fireAtRealFailuresAndNameTheSideAndTheNamespace(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        TestGateway strange = TestGateway.start(vertx, StubServer.start(vertx), StubAuthService.start(vertx));
        TestGateway gateway = TestGateway.start(
                vertx, TestGateway.environment(mlflow.url(), auth.url(), "TORII_SPOOL_MAX_TOTAL", "1MiB"));
        try (PrometheusServer prometheus = watch(
                        folder,
                        hasty(),
                        Map.of("namespace: zero, pod: torii-a", strange, "namespace: one, pod: torii-b", gateway));
                RawClient caller = new RawClient(gateway.port())) {
            Await.until("both are scraped", PATIENCE, () -> prometheus.value("sum(up{job=\"torii\"})") == 2);

            // When one's keys are all refused, the other's MLflow refuses the host, and its spool fills
            for (int i : IntStream.range(0, 20).toArray()) {
                strange.get(SEARCH, "hk_test_nobody_knows_this_key_%010d".formatted(i));
            }
            mlflow.answering((request, response) ->
                    response.setStatusCode(403).end("Invalid Host header - possible DNS rebinding attack detected"));
            gateway.get(SEARCH, KEY);
            caller.send("PUT /api/2.0/mlflow-artifacts/artifacts/1/r/a HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY
                    + "\r\nTransfer-Encoding: chunked\r\n\r\nF4240\r\n" + "x".repeat(1_000_000) + "\r\n");

            // Then
            JsonObject suspect = firing(prometheus, "ToriiAuthContractSuspect");
            assertThat(suspect.getJsonObject("labels").getMap())
                    .isEqualTo(Map.of(
                            "alertname", "ToriiAuthContractSuspect",
                            "namespace", "zero",
                            "job", "torii",
                            "severity", "page",
                            "team", "torii",
                            "side", "gateway"));
            assertThat(suspect.getJsonObject("annotations").getString("summary"))
                    .startsWith("Gateway's settings: 1 replica(s) in zero have seen 20 different keys refused");
            JsonObject refused = firing(prometheus, "ToriiMlflowRefusesApi").getJsonObject("labels");
            assertThat(refused.getString("reason")).isEqualTo("upstream_refuses_host");
            assertThat(refused.getString("namespace")).isEqualTo("one");
            JsonObject full = firing(prometheus, "ToriiSpoolNearlyFull");
            assertThat(full.getJsonObject("labels").getString("pod")).isEqualTo("torii-b");
            assertThat(full.getJsonObject("annotations").getString("summary"))
                    .startsWith("Gateway: the spool of torii-b in one is 95.37% full");
            assertThat(sides(prometheus)).containsOnly("gateway");
        }
        gateway.gateway().cut();
        gateway.stop();
        strange.stop();
    }

    private static Set<String> sides(PrometheusServer prometheus) throws IOException {
        return prometheus.alerts().stream()
                .map(alert -> ((JsonObject) alert).getJsonObject("labels").getString("side"))
                .collect(Collectors.toSet());
    }
}

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.ConfigLoader;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What an on-call person asks Prometheus: who is affected, whose fault is it, how full is it. */
@ExtendWith(VertxExtension.class)
class OnCallMetricsIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String OTHER_KEY = "hk_test_abcdefghijklmnopqrstuvwxyz0123456789";
    private static final String SEARCH = "/api/2.0/mlflow/registered-models/search";

    private StubServer mlflow;
    private StubAuthService auth;
    private Map<String, String> environment;
    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        mlflow = StubServer.start(vertx);
        auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write").knowing(OTHER_KEY, "mlflow:write");
        environment = TestGateway.environment(
                mlflow.url(), auth.url(), "TORII_FORWARD_CONNECTIONS", "7", "TORII_SPOOL_MAX_TOTAL", "20MiB");
        environment.put("TORII_SPOOL_MAX_BODY", "10MiB");
        environment.put("TORII_LISTENER_MAX_CONNECTIONS", "99");
        gateway = TestGateway.start(vertx, environment);
        Await.until("it is ready", () -> gateway.gateway().isReady());
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    private double requests(String blame, String reason, String status) throws Exception {
        return gateway.metric("torii_requests_total{area=\"registry\",blame=\"" + blame
                + "\",method=\"GET\",operation=\"searchRegisteredModels\",reason=\"" + reason + "\",status=\"" + status
                + "\"}");
    }

    private double failingKeys(String blame) throws Exception {
        return gateway.metric("torii_failing_keys{blame=\"" + blame + "\"}");
    }

    @Test
    void saysOfEachRequestThatDidNotGoWellWhoseSideItIsOnAndHowManyKeysItMeets() throws Exception {
        // When
        gateway.get(SEARCH, KEY);
        gateway.get(SEARCH, "hk_test_nobody_knows_this_key_0000000001");
        gateway.get(SEARCH, "hk_test_nobody_knows_this_key_0000000002");
        gateway.get(SEARCH, "hk_test_nobody_knows_this_key_0000000002");
        mlflow.answering(404, "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\"}");
        gateway.get(SEARCH, KEY);
        mlflow.answering(500, "{\"error_code\":\"INTERNAL_ERROR\"}");
        gateway.get(SEARCH, KEY);
        gateway.get(SEARCH, OTHER_KEY);
        mlflow.answering((request, response) -> response.reset());
        gateway.get(SEARCH, KEY);
        auth.lying(500, "out of order");
        gateway.get(SEARCH, "hk_test_nobody_knows_this_key_0000000003");

        // Then
        Await.until("the last is counted", () -> requests("auth_service", "auth_unavailable", "5xx") == 1);
        assertThat(requests("none", "ok", "2xx")).isEqualTo(1);
        assertThat(requests("none", "ok", "4xx")).isEqualTo(1);
        assertThat(requests("caller", "key_refused", "4xx")).isEqualTo(3);
        assertThat(requests("mlflow", "answered_5xx", "5xx")).isEqualTo(2);
        assertThat(requests("mlflow", "upstream_broken", "5xx")).isEqualTo(1);
        assertThat(gateway.metric("torii_failures_total{blame=\"mlflow\",reason=\"answered_5xx\"}"))
                .isEqualTo(2);
        assertThat(gateway.metric("torii_failures_total{blame=\"caller\",reason=\"key_refused\"}"))
                .isEqualTo(3);
        assertThat(failingKeys("caller")).isEqualTo(2);
        assertThat(failingKeys("mlflow")).isEqualTo(2);
        assertThat(failingKeys("auth_service")).isEqualTo(1);
        assertThat(gateway.manage("/metrics").bodyAsString())
                .contains("torii_failing_keys{blame=\"gateway\"} 0.0")
                .contains("torii_failing_keys_left_out_total{blame=\"caller\"} 0.0");
    }

    @Test
    void saysWhatOfItsSurroundingsFailsAndWhy(Vertx vertx) throws Exception {
        // Given
        assertThat(gateway.manage("/metrics").bodyAsString())
                .contains(
                        "torii_ready 1.0",
                        "torii_draining 0.0",
                        "torii_health_check{check=\"auth\"} 1.0",
                        "torii_health_check{check=\"mlflow\"} 1.0",
                        "torii_health_check{check=\"artifacts\"}")
                .doesNotContain("torii_health_reason{check=\"mlflow\"");
        TestGateway other = TestGateway.start(
                vertx, TestGateway.environment("http://127.0.0.1:1", auth.url(), "TORII_DRAIN_DELAY", "1m"));

        // When
        Await.until(
                "the check has failed",
                () -> other.metric("torii_health_reason{check=\"mlflow\",reason=\"upstream_unreachable\"}") == 1);

        // Then
        assertThat(other.manage("/metrics").bodyAsString())
                .contains("torii_ready 0.0", "torii_health_check{check=\"mlflow\"} 0.0");
        var drained = other.gateway().drain();
        Await.until("it says that it is on its way out", () -> other.metric("torii_draining") == 1);
        other.gateway().cut();
        drained.await(10, TimeUnit.SECONDS);
    }

    @Test
    void saysHowFullItIsAndWhatWouldBeFullAlsoBehindAReload(Vertx vertx) throws Exception {
        // Given
        gateway.get(SEARCH, KEY);
        assertThat(gateway.metric("torii_spool_capacity_bytes")).isEqualTo(20 << 20);
        assertThat(gateway.metric("torii_connections_capacity")).isEqualTo(99);
        assertThat(gateway.metric("torii_upstream_connections_capacity")).isEqualTo(7);
        assertThat(gateway.metric("torii_upstream_waiting")).isZero();
        assertThat(gateway.manage("/metrics").bodyAsString())
                .contains("torii_event_loop_delay_seconds ", "torii_upstream_waiting 0.0", "torii_spool_bytes 0.0");
        environment.put("TORII_SPOOL_MAX_TOTAL", "30MiB");
        environment.put("TORII_LISTENER_MAX_CONNECTIONS", "98");
        environment.put("TORII_FORWARD_CONNECTIONS", "6");

        // When
        gateway.gateway()
                .reload(new ConfigLoader(vertx)
                        .load(Optional.empty(), environment)
                        .await(5, TimeUnit.SECONDS)
                        .config())
                .await(5, TimeUnit.SECONDS);

        // Then
        assertThat(gateway.metric("torii_spool_capacity_bytes")).isEqualTo(30 << 20);
        assertThat(gateway.metric("torii_connections_capacity")).isEqualTo(98);
        assertThat(gateway.metric("torii_upstream_connections_capacity")).isEqualTo(6);
    }

    @Test
    void countsRequestsThatWaitForAConnection(Vertx vertx) throws Exception {
        // Given
        environment.put("TORII_FORWARD_CONNECTIONS", "1");
        TestGateway narrow = TestGateway.start(vertx, environment);
        mlflow.answering((request, response) -> {
            if (!request.uri().contains("registered-models")) {
                response.end("{}");
            }
        });

        // When
        for (int i = 0; i < 3; i++) {
            narrow.request(HttpMethod.GET, SEARCH)
                    .bearerTokenAuthentication(KEY)
                    .send();
        }

        // Then
        Await.until("two wait", () -> narrow.metric("torii_upstream_waiting") == 2);
        narrow.gateway().cut();
        narrow.stop();
    }

    @Test
    void beginsAtZeroWithWhatAlertsLookForSoThatTheFirstFailureIsSeen() throws Exception {
        // When
        String metrics = gateway.manage("/metrics").bodyAsString();

        // Then
        assertThat(metrics)
                .contains(
                        "torii_failures_total{blame=\"auth_service\",reason=\"auth_timeout\"} 0.0",
                        "torii_failures_total{blame=\"mlflow\",reason=\"upstream_unreachable\"} 0.0",
                        "torii_failures_total{blame=\"mlflow\",reason=\"answered_5xx\"} 0.0",
                        "torii_failures_total{blame=\"gateway\",reason=\"internal\"} 0.0",
                        "torii_failures_total{blame=\"caller\",reason=\"caller_gone\"} 0.0",
                        "torii_verdicts_total{outcome=\"accepted\",source=\"stale\"} 0.0",
                        "torii_verdicts_total{outcome=\"auth_contract\",source=\"call\"} 0.0",
                        "torii_auth_lookups_total{outcome=\"auth_unavailable\"} 0.0",
                        "torii_connections_refused_total{cap=\"address\"} 0.0",
                        "torii_upstream_failovers_total{why=\"died\"} 0.0",
                        "torii_config_reloads_total{outcome=\"refused\"} 0.0",
                        "torii_ratelimit_store_seconds_count 0",
                        "torii_upstream_wait_seconds_count 0")
                .doesNotContain("reason=\"admin_refused\"");
        assertThat(Arrays.stream(Reason.values())
                        .filter(reason -> metrics.contains(
                                "{blame=\"" + reason.blame().code() + "\",reason=\"" + reason.code() + "\"} 0.0"))
                        .count())
                .isEqualTo(Reason.values().length - 4);
    }

    @Test
    void measuresEveryPhaseOfARequestAndTransfersOfManyMinutes() throws Exception {
        // When
        gateway.get(SEARCH, KEY);

        // Then
        Await.until("it is counted", () -> gateway.metric("torii_request_seconds_count{area=\"registry\"}") == 1);
        assertThat(gateway.manage("/metrics").bodyAsString())
                .contains(
                        "torii_auth_seconds_count{source=\"call\"} 1",
                        "torii_upstream_wait_seconds_count 1",
                        "torii_upstream_seconds_count{area=\"registry\"} 1",
                        "torii_request_seconds_bucket{area=\"registry\",le=\"3600.0\"} 1");
    }

    @Test
    void saysHowMuchMemoryOutsideTheHeapItHasAndMayHave() throws Exception {
        // When
        gateway.get(SEARCH, KEY);

        // Then
        assertThat(gateway.metric("torii_direct_memory_bytes")).isPositive();
        assertThat(gateway.metric("torii_direct_memory_capacity_bytes"))
                .isGreaterThan(gateway.metric("torii_direct_memory_bytes"));
    }

    @Test
    void answersInTheFormatThatIsAskedFor() throws Exception {
        // When
        HttpResponse<Buffer> open = gateway.manage(
                "/metrics", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1");
        HttpResponse<Buffer> plain = gateway.manage("/metrics", "text/plain, application/openmetrics-text;q=0.5");

        // Then
        assertThat(open.getHeader("Content-Type")).startsWith("application/openmetrics-text; version=1.0.0");
        assertThat(open.bodyAsString()).endsWith("# EOF\n").contains("torii_ready 1.0");
        assertThat(plain.getHeader("Content-Type")).startsWith("text/plain; version=0.0.4");
        assertThat(plain.bodyAsString()).doesNotContain("# EOF");
    }

    @Test
    void writesTheNumbersDownWhereNoRequestWaitsForIt() throws Exception {
        // Given
        gateway.gateway().meters().gauge("torii.on.event.loop", "1 there", () -> Context.isOnEventLoopThread() ? 1 : 0);

        // When
        String metrics = gateway.manage("/metrics").bodyAsString();

        // Then
        assertThat(metrics).contains("torii_on_event_loop 0.0");
    }

    @Test
    void explainsEveryNumber() throws Exception {
        // Given
        gateway.get(SEARCH, KEY);

        // When
        List<String> lines = gateway.manage("/metrics").bodyAsString().lines().toList();

        // Then
        List<String> named = lines.stream()
                .filter(line -> line.startsWith("# TYPE "))
                .map(line -> line.split(" ")[2])
                .toList();
        assertThat(named)
                .hasSizeGreaterThan(40)
                .allSatisfy(name -> assertThat(lines)
                        .anyMatch(line -> line.startsWith("# HELP " + name + " ")
                                && !line.substring(8 + name.length()).isBlank()));
    }
}

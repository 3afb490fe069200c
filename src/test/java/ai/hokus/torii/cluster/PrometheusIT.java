package ai.hokus.torii.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.PrometheusServer;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A real Prometheus scrapes the gateway. */
@Tag("cluster")
@NeedsPeer(program = "prometheus", install = "apt-get install prometheus")
@ExtendWith(VertxExtension.class)
class PrometheusIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String SEARCH = "/api/2.0/mlflow/registered-models/search";

    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        StubServer mlflow = StubServer.start(vertx);
        gateway = TestGateway.start(vertx, mlflow, StubAuthService.start(vertx).knowing(KEY, "mlflow:write"));
        Await.until("it is ready", () -> gateway.gateway().isReady());
        gateway.get(SEARCH, KEY);
        gateway.get(SEARCH, "hk_test_nobody_knows_this_key_0000000001");
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    @Test
    void takesEveryScrapeWithoutAWordOfComplaint(@TempDir Path folder) throws Exception {
        // Given
        Instant start = Instant.now();
        String target = "127.0.0.1:" + gateway.managementPort();
        try (PrometheusServer prometheus = PrometheusServer.start(
                folder, Duration.ofSeconds(1), PrometheusServer.job("torii", target), List.of())) {

            // When
            Await.until(
                    "it has scraped three times",
                    Duration.ofSeconds(30),
                    () -> prometheus.value("count_over_time(up{job=\"torii\"}[1m])") >= 3);

            // Then
            JsonObject scraped = prometheus.targets().getJsonObject(0);
            assertThat(scraped.getString("health")).isEqualTo("up");
            assertThat(scraped.getString("lastError")).isEmpty();
            assertThat(prometheus.value("min_over_time(up[1m])")).isEqualTo(1);
            assertThat(prometheus.log()).doesNotContain("level=warn", "level=error");
            assertThat(prometheus.value("torii_requests_total{reason=\"key_refused\",blame=\"caller\"}"))
                    .isEqualTo(1);
            assertThat(prometheus.queryRange("torii_ready", start, Instant.now(), Duration.ofSeconds(1)))
                    .hasSize(1);
            // It asked for OpenMetrics, where the family has the name without the ending.
            assertThat(prometheus.metadata().fieldNames()).contains("torii_requests", "torii_ready");
        }
    }

    @Test
    void findsNothingToImproveInTheNamesAndUnits() throws Exception {
        // When
        String said = PrometheusServer.promtool(gateway.manage("/metrics").bodyAsString(), "check", "metrics");

        // Then
        assertThat(said).isEqualTo("0");
    }
}

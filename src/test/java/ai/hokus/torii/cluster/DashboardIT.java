package ai.hokus.torii.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.cluster.Dashboard.Query;
import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.Pace;
import ai.hokus.torii.support.PrometheusServer;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the dashboard shows of two gateways under mixed load: first while all is well, then while one thing after the
 * other fails. Every question it asks is asked of a real Prometheus.
 */
@Tag("cluster")
@NeedsPeer(program = "prometheus", install = "apt-get install prometheus")
@NeedsPeer(program = "redis-server", install = "apt-get install redis-server")
@NeedsPeer(program = "openssl", install = "apt-get install openssl")
@ExtendWith(VertxExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DashboardIT {

    private static final Duration SCRAPE = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** As Grafana has them with "All" chosen everywhere; four scrapes are its shortest interval of rates. */
    private static final Map<String, String> EVERYTHING = Map.of(
            "namespace", ".*",
            "job", ".*",
            "instance", ".*",
            "__rate_interval", "4s");

    private Dashboard dashboard;
    private Scene scene;
    private PrometheusServer prometheus;
    private Instant begin;
    private Instant stillWell;
    private Instant end;

    @BeforeAll
    void play(Vertx vertx, @TempDir Path folder) throws Exception {
        dashboard = Dashboard.read();
        scene = new Scene(vertx, folder, "2s");
        prometheus = scene.watchedBy(folder, SCRAPE);
        begin = Instant.now();
        scene.letCallersCome(vertx);
        awaitAll(
                "all is well",
                "sum(torii_ready) == 2",
                "sum(rate(torii_requests_total{blame=\"none\"}[4s])) > 10",
                "sum(rate(torii_upstream_seconds_count{area=\"artifacts-proxy\"}[4s])) > 0");
        stillWell = Instant.now();
        failOneAfterTheOther();
        end = Instant.now();
    }

    private void failOneAfterTheOther() throws Exception {
        scene.failAuthService();
        awaitAll(
                "the auth service is missed",
                "max(torii_auth_breaker_state) == 2",
                "sum(rate(torii_verdicts_total{source=\"stale\"}[4s])) > 1",
                "sum(rate(torii_requests_total{blame=\"auth_service\"}[4s])) > 0");
        scene.healAuthService();
        scene.refuseHost(true);
        scene.configure("no origin at all");
        awaitAll(
                "MLflow refuses the gateway",
                "sum(rate(torii_requests_total{reason=\"upstream_refuses_host\"}[4s])) > 0",
                "max(torii_health_reason{check=\"mlflow\"}) == 1",
                "min(torii_config_reload_successful) == 0",
                "max(torii_auth_breaker_state) < 2");
        scene.refuseHost(false);
        scene.mlflow(0).go();
        scene.redis().kill();
        awaitAll(
                "one MLflow and Redis are missed",
                "min(torii_upstream_up) == 0",
                "max(torii_ratelimit_store_degraded) > 0");
        scene.mlflow(1).go();
        awaitAll("MLflow is missed", "sum(rate(torii_requests_total{blame=\"mlflow\"}[4s])) > 0");
        scene.killGateway(1);
        awaitAll("a gateway is missed", "sum(up) == 1");
        scene.startGateway(1);
        scene.crowd();
        awaitAll(
                "both gateways are there, and a crowd",
                "sum(up) == 2",
                "sum(rate(torii_connections_refused_total[4s])) > 0",
                "count(torii_tls_certificate_expiry_timestamp_seconds) > 0",
                "count(ALERTS{alertname=~\"Torii.*\"}) > 0",
                // What comes now and then has come by now.
                "min_over_time(torii_health_check[5m]) == 0 and max_over_time(torii_health_check[5m]) == 1",
                "max_over_time(torii_spool_bytes[5m]) > 0",
                "increase(torii_ratelimit_decisions_total{outcome=\"would_limit\"}[5m]) > 0",
                "increase(torii_tls_handshakes_refused_total[5m]) > 0");
    }

    /** Until each of these is so. */
    private void awaitAll(String what, String... conditions) {
        for (String condition : conditions) {
            Await.until(what + ": " + condition, PATIENCE, () -> {
                Pace.hold(200, TimeUnit.MILLISECONDS);
                return !prometheus.query(condition).isEmpty();
            });
        }
    }

    @AfterAll
    void end() throws Exception {
        if (scene != null) {
            scene.close();
        }
    }

    /** As Grafana asks it: about a time alone, or all of what is shown until then. */
    private List<Series> answer(Query query, Instant until, Map<String, String> variables) throws Exception {
        return query.isInstant()
                ? Series.of(prometheus, query.with(variables), until, until)
                : overTime(query, until, variables);
    }

    /** Every second back from then to the beginning. */
    private List<Series> overTime(Query query, Instant until, Map<String, String> variables) throws Exception {
        long seconds = Duration.between(begin, until).toSeconds();
        return Series.of(prometheus, query.with(variables), until.minusSeconds(seconds), until);
    }

    /** What the panel of this title shows at the end of all. */
    private List<Series> shown(String title) throws Exception {
        List<Series> found = new ArrayList<>();
        for (Query query : dashboard.queries(title)) {
            found.addAll(answer(query, end, EVERYTHING));
        }
        return found;
    }

    @Test
    void hasNoPanelThatIsEmptyInAnOutage() throws Exception {
        // When
        List<String> empty = new ArrayList<>();
        for (Query query : dashboard.queries()) {
            if (answer(query, end, EVERYTHING).isEmpty()) {
                empty.add(query.owner() + ": " + query.with(EVERYTHING));
            }
        }

        // Then
        assertThat(empty).isEmpty();
    }

    @Test
    void saysSoWhereAHealthyGatewayHasNothingToShow() throws Exception {
        // When
        List<String> silent = new ArrayList<>();
        for (Query query : dashboard.queries()) {
            if (query.noValue().isEmpty()
                    && answer(query, stillWell, EVERYTHING).isEmpty()) {
                silent.add(query.owner() + ": " + query.with(EVERYTHING));
            }
        }

        // Then
        assertThat(silent).isEmpty();
    }

    @Test
    void offersNamespacesJobsAndReplicas() throws Exception {
        for (Query variable : dashboard.variableQueries()) {
            assertThat(answer(variable, end, EVERYTHING))
                    .as(variable.owner())
                    .isNotEmpty()
                    .allSatisfy(series -> assertThat(series.labels()).containsKey(variable.owner()));
        }
    }

    @Test
    void marksStartsAndRefusedConfigurations() throws Exception {
        for (Query annotation : dashboard.annotationQueries()) {
            assertThat(answer(annotation, end, EVERYTHING))
                    .as(annotation.owner())
                    .isNotEmpty();
        }
    }

    @Test
    void showsOneReplicaAloneWhenItIsChosen() throws Exception {
        // Given
        String chosen = scene.targets().get(0);
        Map<String, String> variables = new HashMap<>(EVERYTHING);
        variables.putAll(Map.of("namespace", "mlflow", "job", "torii", "instance", chosen));

        // When
        List<Series> found = new ArrayList<>();
        for (Query query : dashboard.queries()) {
            found.addAll(answer(query, end, variables));
        }

        // Then
        assertThat(found)
                .hasSizeGreaterThan(50)
                .allSatisfy(series -> assertThat(series.labels().getOrDefault("instance", chosen))
                        .isEqualTo(chosen));
    }

    @Test
    void saysWhoIsAffected() throws Exception {
        // When
        List<Series> keys = shown("How many keys fail, by side?");

        // Then
        for (String side : List.of("caller", "gateway", "auth_service", "mlflow")) {
            assertThat(keys).anyMatch(series -> series.has("blame", side) && series.max() >= 1);
        }
        Query served = dashboard.queries("How much is served? (last 5 minutes)").get(0);
        assertThat(answer(served, stillWell, EVERYTHING)).allMatch(series -> series.max() == 1);
        assertThat(answer(served, end, EVERYTHING)).allMatch(series -> series.max() < 1);
    }

    @Test
    void saysTheSameAsTheRules() throws Exception {
        // Given rules are evaluated now and then, so that what they say is some seconds old
        Query served = dashboard.queries("How much is served? (last 5 minutes)").get(0);
        Instant earlier = end.minusSeconds(15);
        Series shown =
                Series.of(prometheus, served.with(EVERYTHING), earlier, end).get(0);

        // When
        String recorded = "torii:availability:ratio_rate5m{side=\"all\"}";
        double counted = Series.of(prometheus, recorded, end, end).get(0).max();

        // Then
        assertThat(counted).isBetween(shown.min() - 0.01, shown.max() + 0.01);
    }

    @Test
    void saysWhoseFaultItIsAndWhy() throws Exception {
        // When
        List<Series> failures = shown("What fails, on whose side, and why?");

        // Then
        assertThat(failures)
                .anyMatch(series -> series.has("blame", "auth_service")
                        && series.has("reason", "auth_unavailable")
                        && series.max() > 0)
                .anyMatch(series -> series.has("blame", "gateway")
                        && series.has("reason", "upstream_refuses_host")
                        && series.max() > 0)
                .anyMatch(series -> series.has("blame", "mlflow")
                        && series.has("reason", "upstream_unreachable")
                        && series.max() > 0);
        Query breaker = dashboard.queries("Is the auth service left alone?").get(0);
        assertThat(overTime(breaker, end, EVERYTHING)).anyMatch(series -> series.min() == 0 && series.max() == 2);
        Query reasons = dashboard.queries("Why does a check fail?").get(0);
        assertThat(overTime(reasons, end, EVERYTHING)).anyMatch(series -> series.has("check", "mlflow"));
    }

    @Test
    void namesSidesAsTheLogDoes() {
        assertThat(scene.log(0))
                .contains(
                        "reason=scope_missing blame=caller",
                        "reason=auth_unavailable blame=auth_service",
                        "reason=upstream_refuses_host blame=gateway",
                        "reason=upstream_unreachable blame=mlflow");
    }

    @Test
    void saysSinceWhen() throws Exception {
        // When
        List<Query> lines = dashboard.queries("What was well, and what was not?");

        // Then
        for (String metric : List.of(
                "up{",
                "torii_health_check{",
                "torii_upstream_up{",
                "torii_auth_breaker_state{",
                "torii_ratelimit_store_degraded{",
                "torii_config_reload_successful{")) {
            Query line = lines.stream()
                    .filter(query -> query.text().contains(metric))
                    .findFirst()
                    .orElseThrow();
            assertThat(overTime(line, end, EVERYTHING))
                    .as(line.text())
                    .anyMatch(series -> series.min() == 0 && series.max() == 1);
        }
    }

    @Test
    void showsWhatIsCoveredAndWhatIsFull() throws Exception {
        assertThat(shown("Where do verdicts come from?"))
                .anyMatch(series -> series.has("source", "stale") && series.max() > 0);
        assertThat(shown("Spool")).anyMatch(series -> series.max() > 0);
        assertThat(shown("Event loops: worst delay")).anyMatch(series -> series.max() > 0);
        assertThat(shown("What do limits decide?"))
                .anyMatch(series -> series.has("outcome", "would_limit") && series.max() > 0);
        assertThat(shown("Alerts, pending and firing"))
                .anyMatch(series -> series.labels().get("alertname").startsWith("Torii"));
    }
}

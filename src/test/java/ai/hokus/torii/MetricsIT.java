package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What Prometheus sees. */
@ExtendWith(VertxExtension.class)
class MetricsIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";

    private StubServer mlflow;
    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        mlflow = StubServer.start(vertx);
        gateway = TestGateway.start(vertx, mlflow, StubAuthService.start(vertx).knowing(KEY, "mlflow:write"));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    private String metrics() throws Exception {
        return gateway.manage("/metrics").bodyAsString();
    }

    @Test
    void countsWhatAnOperatorAsksFor() throws Exception {
        // Given
        gateway.request(HttpMethod.PUT, "/api/mlflow/api/2.0/mlflow-artifacts/artifacts/1/r/model.pkl")
                .bearerTokenAuthentication(KEY)
                .sendBuffer(Buffer.buffer("x".repeat(1000)))
                .await(5, TimeUnit.SECONDS);
        gateway.get("/api/2.0/mlflow/registered-models/search", KEY);
        gateway.get("/api/2.0/mlflow/registered-models/search", "wrong");
        gateway.get("/nowhere", (String) null);

        // When
        String metrics = metrics();

        // Then
        assertThat(metrics)
                .contains(
                        "torii_requests_total{area=\"artifacts-proxy\",blame=\"none\",method=\"PUT\",operation=\"uploadArtifact\",reason=\"ok\",status=\"2xx\"} 1.0")
                .contains(
                        "torii_requests_total{area=\"registry\",blame=\"none\",method=\"GET\",operation=\"searchRegisteredModels\",reason=\"ok\",status=\"2xx\"} 1.0")
                .contains(
                        "torii_requests_total{area=\"registry\",blame=\"caller\",method=\"GET\",operation=\"searchRegisteredModels\",reason=\"key_refused\",status=\"4xx\"} 1.0")
                .contains(
                        "torii_requests_total{area=\"unresolved\",blame=\"caller\",method=\"GET\",operation=\"unresolved\",reason=\"route_unknown\",status=\"4xx\"} 1.0")
                .contains("torii_request_body_bytes_total{area=\"artifacts-proxy\"} 1000.0")
                .contains("torii_response_body_bytes_total{area=\"registry\"}")
                .contains("torii_request_seconds_bucket{area=\"registry\",le=\"0.005\"}")
                .contains("torii_upstream_seconds_count{area=\"artifacts-proxy\"} 1")
                .contains("torii_auth_seconds_count{source=\"call\"} 2")
                .contains("torii_auth_seconds_count{source=\"cache\"} 1")
                .contains("torii_verdicts_total{outcome=\"accepted\",source=\"cache\"} 1.0")
                .contains("torii_verdicts_total{outcome=\"key_refused\",source=\"call\"} 1.0")
                .contains("torii_requests_in_flight 0.0")
                .contains("torii_build_info{", "jvm_memory_used_bytes{", "process_files_open_files");
    }

    @Test
    void hasNoTagWhoseValuesACallerCanMakeUp() throws Exception {
        // Given
        for (String invented : List.of("invented-1", "invented-2")) {
            gateway.get("/api/2.0/mlflow/" + invented + "/x?y=" + invented, KEY);
            gateway.get("/mlflow/" + invented, KEY);
            gateway.get("/" + invented, invented);
            gateway.request(
                            HttpMethod.valueOf(
                                    invented.toUpperCase(java.util.Locale.ROOT).replace("-", "")),
                            "/health")
                    .send()
                    .await(5, TimeUnit.SECONDS);
        }

        // When
        String metrics = metrics();

        // Then
        assertThat(metrics).doesNotContainIgnoringCase("invented").contains("method=\"OTHER\"", "area=\"other\"");
    }

    @Test
    void servesMetricsAndProbesOnTheManagementListenerAlone() throws Exception {
        // When
        HttpResponse<Buffer> onApi = gateway.get("/metrics", KEY);
        HttpResponse<Buffer> live = gateway.manage("/live");
        HttpResponse<Buffer> unknown = gateway.manage("/api/2.0/mlflow/runs/get");

        // Then
        assertThat(onApi.statusCode()).isEqualTo(404);
        assertThat(live.statusCode()).isEqualTo(200);
        assertThat(unknown.statusCode()).isEqualTo(404);
        assertThat(gateway.manage("/metrics").getHeader("Content-Type")).startsWith("text/plain; version=0.0.4");
    }
}

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.LiveHeap;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No part of a caller's key in the gateway's live objects once its connections are closed. */
@ExtendWith(VertxExtension.class)
class HeapIT {

    private static final String SECRET = "aZ9kQ2mX7pL4vB8nC1dF6gH3jK5rT0wY";
    private static final String BAD_SECRET = "Yw0Tr5Kj3Hg6Fd1Cn8Bv4Lp7Xm2Qk9Za";
    private static final String KEY = "hk_live_" + SECRET;
    private static final String BAD = "hk_live_" + BAD_SECRET;
    private static final String MARK = "aMarkThatTheHeapMustHold";

    private static void ask(ToriiProcess torii, String field) throws Exception {
        try (RawClient caller = new RawClient(torii.apiPort())) {
            caller.send(
                    "GET /api/2.0/mlflow/runs/get HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + field + "\r\n\r\n");
            assertThat(caller.readToEnd()).startsWith("HTTP/1.1 ");
        }
    }

    private static String basic(String key) {
        return Base64.getEncoder().encodeToString(("user:" + key).getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"header", "body"})
    void holdsNoPartOfAKeyAfterItsRequest(String form, Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        StubServer mlflow = StubServer.start(vertx);
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        if (form.equals("body")) {
            auth.lying((call, response) -> response.setStatusCode(
                            call.body().toString().contains(KEY) ? 200 : 401)
                    .end("{\"is_valid\":true,\"key_id\":\"id\"}"));
        }
        Map<String, String> environment = TestGateway.environment(mlflow.url(), auth.url());
        environment.put("TORII_AUTH_HTTP_FORM", form);
        environment.put("AUTH_SERVICE_ID", MARK);
        try (ToriiProcess torii = ToriiProcess.serve(environment, "-Xmx256m")) {
            for (int round = 0; round < 3; round++) {
                for (String key : List.of(KEY, BAD)) {
                    ask(torii, "Authorization: Bearer " + key);
                    ask(torii, "Authorization: Basic " + basic(key));
                    ask(torii, "X-API-Key: " + key);
                }
            }
            auth.server().stop();
            mlflow.stop();
            Await.until("nothing is under way", () -> isIdle(torii));

            // When
            LiveHeap heap = LiveHeap.dump(torii.pid(), folder);

            // Then
            assertThat(heap.partsOf(MARK)).hasSize(MARK.length() - 7);
            assertThat(heap.partsOf(SECRET)).isEmpty();
            assertThat(heap.partsOf(BAD_SECRET)).isEmpty();
            assertThat(heap.partsOf(basic(KEY).substring(20))).isEmpty();
            assertThat(heap.partsOf(basic(BAD).substring(20))).isEmpty();
        }
    }

    private static boolean isIdle(ToriiProcess torii) throws Exception {
        try (RawClient caller = new RawClient(torii.managementPort())) {
            caller.send("GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
            String metrics = caller.readToEnd();
            return metrics.contains("torii_upstream_connections 0.0")
                    && metrics.contains("torii_requests_in_flight 0.0")
                    && metrics.contains("torii_auth_lookups_under_way 0.0");
        }
    }
}

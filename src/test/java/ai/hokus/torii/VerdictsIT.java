package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Verdicts in the whole gateway: asked once, remembered, old in an outage, spared by breaker and budget. */
@ExtendWith(VertxExtension.class)
class VerdictsIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String READ = "/api/2.0/mlflow/registered-models/search";
    private static final String WRITE = "/api/2.0/mlflow/registered-models/create";

    private StubServer mlflow;
    private StubAuthService auth;
    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        mlflow = StubServer.start(vertx);
        auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    private void gateway(Vertx vertx, String... settings) throws Exception {
        gateway = TestGateway.start(vertx, TestGateway.environment(mlflow.url(), auth.url(), settings));
    }

    private HttpResponse<Buffer> write() throws Exception {
        return gateway.request(HttpMethod.POST, WRITE)
                .bearerTokenAuthentication(KEY)
                .sendJsonObject(new JsonObject())
                .await(10, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @CsvSource({"true, 200", "false, 503"})
    void asksOnceForAllEventLoopsAndLosesNobody(boolean answers, int status, Vertx vertx) throws Exception {
        // Given an auth service that holds its answer back until all have asked
        CompletableFuture<Void> held = new CompletableFuture<>();
        auth.lying((call, response) -> held.thenRun(() -> {
            if (answers) {
                response.end("{\"is_valid\":true,\"key_id\":\"id\",\"scopes\":[\"read\"]}");
            } else {
                response.reset();
            }
        }));
        gateway(vertx, "TORII_API_INSTANCES", "2", "AUTH_SERVICE_TIMEOUT", "30s");

        // When
        List<Future<HttpResponse<Buffer>>> waiting = IntStream.range(0, 500)
                .mapToObj(i -> gateway.request(HttpMethod.GET, READ)
                        .bearerTokenAuthentication(KEY)
                        .send())
                .toList();
        Await.until("all wait", () -> gateway.metric("torii_requests_in_flight") >= 500);
        held.complete(null);
        Future.join(waiting).await(30, TimeUnit.SECONDS);

        // Then
        assertThat(waiting).allMatch(each -> each.result().statusCode() == status);
        assertThat(auth.callsAbout(KEY)).hasSize(1);
    }

    @Test
    void servesAnOldAcceptanceWhileTheAuthServiceIsDownAndSaysSo(Vertx vertx) throws Exception {
        // Given
        gateway(vertx, "TORII_AUTH_CACHE_TTL", "1ms");
        assertThat(gateway.get(READ, KEY).getHeader("X-Torii-Verdict")).isNull();
        auth.lying(500, "down");

        // When
        HttpResponse<Buffer> read = gateway.get(READ, KEY);
        HttpResponse<Buffer> write = write();

        // Then
        assertThat(read.statusCode()).isEqualTo(200);
        assertThat(read.getHeader("X-Torii-Verdict")).isEqualTo("stale");
        assertThat(write.statusCode()).isEqualTo(200);
        assertThat(write.getHeader("X-Torii-Verdict")).isEqualTo("stale");
        assertThat(gateway.metric("torii_verdicts_total{outcome=\"accepted\",source=\"stale\"}"))
                .isEqualTo(2);
        HttpResponse<Buffer> unknown = gateway.get(READ, "hk_test_unknown");
        assertThat(unknown.statusCode()).isEqualTo(503);
        assertThat(TestGateway.reason(unknown)).isEqualTo("auth_unavailable");
        assertThat(unknown.getHeader("Retry-After")).matches("\\d+");
    }

    @Test
    void hasAGraceOfItsOwnForWrites(Vertx vertx) throws Exception {
        // Given
        gateway(vertx, "TORII_AUTH_CACHE_TTL", "1ms", "TORII_AUTH_CACHE_STALE_WRITES", "0s");
        gateway.get(READ, KEY);
        auth.lying(500, "down");

        // When
        HttpResponse<Buffer> write = write();

        // Then
        assertThat(write.statusCode()).isEqualTo(503);
        assertThat(gateway.get(READ, KEY).statusCode()).isEqualTo(200);
    }

    @Test
    void servesNothingOldWhereTheGraceIsZero(Vertx vertx) throws Exception {
        // Given
        gateway(
                vertx,
                "TORII_AUTH_CACHE_TTL",
                "1ms",
                "TORII_AUTH_CACHE_STALE_READS",
                "0s",
                "TORII_AUTH_CACHE_STALE_WRITES",
                "0s");
        gateway.get(READ, KEY);
        auth.lying(500, "down");

        // When
        HttpResponse<Buffer> read = gateway.get(READ, KEY);

        // Then
        assertThat(read.statusCode()).isEqualTo(503);
        assertThat(read.getHeader("X-Torii-Verdict")).isNull();
    }

    @Test
    void saysThatAVerdictIsOldAlsoWhenMlflowFails(Vertx vertx) throws Exception {
        // Given
        gateway(vertx, "TORII_AUTH_CACHE_TTL", "1ms");
        gateway.get(READ, KEY);
        auth.lying(500, "down");
        mlflow.answering((request, response) -> response.reset());

        // When
        HttpResponse<Buffer> write = write();

        // Then
        assertThat(write.statusCode()).isEqualTo(502);
        assertThat(write.getHeader("X-Torii-Verdict")).isEqualTo("stale");
    }

    @Test
    void passesNoWordOfMlflowsAboutVerdictsOn(Vertx vertx) throws Exception {
        // Given
        gateway(vertx);
        mlflow.answering((request, response) ->
                response.putHeader("X-Torii-Verdict", "stale").end("{}"));

        // When
        HttpResponse<Buffer> read = gateway.get(READ, KEY);

        // Then
        assertThat(read.getHeader("X-Torii-Verdict")).isNull();
    }

    @Test
    void leavesAFailingAuthServiceAloneAndComesBack(Vertx vertx) throws Exception {
        // Given
        gateway(vertx, "TORII_AUTH_BREAKER_OPEN", "300ms");
        auth.lying(500, "down");
        for (int i = 0; i < 40; i++) {
            gateway.get(READ, "hk_test_unknown" + i);
        }
        int asked = auth.callsAbout("hk_test_unknown").size();
        double open = gateway.metric("torii_auth_breaker_state{keys=\"unknown\"}");
        auth.honest();

        // When
        Await.until("it asks again", () -> gateway.get(READ, KEY).statusCode() == 200);

        // Then
        assertThat(asked).isBetween(20, 22);
        assertThat(open).isEqualTo(2);
        assertThat(gateway.metric("torii_auth_breaker_state{keys=\"unknown\"}")).isZero();
    }

    @Test
    void saysInReadyAndInTheMetricsThatTheAuthServiceIsLeftAloneForKnownKeysToo(Vertx vertx) throws Exception {
        // Given
        gateway(vertx, "TORII_AUTH_CACHE_TTL", "0s", "TORII_AUTH_BREAKER_OPEN", "300ms");
        List<String> keys =
                IntStream.range(0, 25).mapToObj(i -> "hk_test_known_key" + i).toList();
        for (String key : keys) {
            auth.knowing(key, "mlflow:read");
            gateway.get(READ, key);
        }
        String reason = "torii_health_reason{check=\"auth\",reason=\"auth_unavailable\"}";
        double before = gateway.metric(reason);
        auth.lying(500, "down");

        // When
        Await.until("it is left alone", () -> {
            for (String key : keys) {
                gateway.get(READ, key);
            }
            return gateway.metric("torii_auth_breaker_state{keys=\"known\"}") == 2;
        });

        // Then
        assertThat(before).isZero();
        assertThat(gateway.metric(reason)).isEqualTo(1);
        assertThat(gateway.manage("/ready").statusCode()).isEqualTo(200);
        assertThat(gateway.manage("/ready").bodyAsString()).contains("degraded", "auth_unavailable");
        auth.honest();
        Await.until("it is asked again, and answers", () -> {
            gateway.get(READ, keys.get(0));
            return gateway.metric(reason) == 0;
        });
    }

    @Test
    void asksAboutKnownKeysWhileUnknownOnesMakeTheAuthServiceFail(Vertx vertx) throws Exception {
        // Given keys that the auth service stumbles over
        gateway(vertx, "TORII_AUTH_CACHE_TTL", "0s");
        gateway.get(READ, KEY);
        auth.lying((call, response) -> {
            if (call.headers().get("Authorization").endsWith(KEY)) {
                response.end("{\"is_valid\":true,\"key_id\":\"id\",\"scopes\":[\"read\"]}");
            } else {
                response.setStatusCode(500).end();
            }
        });
        for (int i = 0; i < 40; i++) {
            gateway.get(READ, "hk_test_poison" + i);
        }

        // When
        HttpResponse<Buffer> known = gateway.get(READ, KEY);

        // Then
        assertThat(gateway.metric("torii_auth_breaker_state{keys=\"unknown\"}")).isEqualTo(2);
        assertThat(gateway.metric("torii_auth_breaker_state{keys=\"known\"}")).isZero();
        assertThat(known.statusCode()).isEqualTo(200);
        assertThat(known.getHeader("X-Torii-Verdict")).isNull();
    }

    @Test
    void givesUnknownKeysABudgetAndKnownKeysWhatTheyNeed(Vertx vertx) throws Exception {
        // Given
        gateway(
                vertx,
                "TORII_AUTH_UNKNOWN_KEYS_RATE",
                "1",
                "TORII_AUTH_UNKNOWN_KEYS_BURST",
                "3",
                "TORII_AUTH_CACHE_TTL",
                "0s");
        gateway.get(READ, KEY);
        gateway.get(READ, "hk_test_unknown1");
        gateway.get(READ, "hk_test_unknown2");

        // When
        HttpResponse<Buffer> beyond = gateway.get(READ, "hk_test_unknown3");

        // Then
        assertThat(beyond.statusCode()).isEqualTo(429);
        assertThat(TestGateway.reason(beyond)).isEqualTo("auth_budget");
        assertThat(beyond.getHeader("Retry-After")).isEqualTo("1");
        assertThat(auth.callsAbout("hk_test_unknown3")).isEmpty();
        for (int i = 0; i < 10; i++) {
            assertThat(gateway.get(READ, KEY).statusCode()).isEqualTo(200);
        }
        assertThat(auth.callsAbout(KEY)).hasSize(11);
        Await.until(
                "the next second has room",
                () -> gateway.get(READ, "hk_test_unknown3").statusCode() == 401);
    }

    @Test
    void tellsTheAuthServiceTheAddressThatATrustedProxyNames(Vertx vertx) throws Exception {
        // Given
        gateway(vertx, "TORII_API_TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8");

        // When
        gateway.request(HttpMethod.GET, READ)
                .bearerTokenAuthentication(KEY)
                .putHeader("X-Forwarded-For", "6.6.6.6, 198.51.100.7, 10.1.1.1")
                .send()
                .await(5, TimeUnit.SECONDS);

        // Then
        assertThat(new JsonObject(auth.callsAbout(KEY).get(0).body()).getString("client_ip"))
                .isEqualTo("198.51.100.7");
        assertThat(mlflow.forwarded().get(0).headers().getAll("X-Forwarded-For"))
                .containsExactly("198.51.100.7");
    }

    @Test
    void tellsTheAuthServiceThePeersAddressWhateverACallerSays(Vertx vertx) throws Exception {
        // Given
        gateway(vertx);

        // When
        gateway.request(HttpMethod.GET, READ)
                .bearerTokenAuthentication(KEY)
                .putHeader("X-Forwarded-For", "198.51.100.7")
                .putHeader("X-Real-IP", "198.51.100.7")
                .send()
                .await(5, TimeUnit.SECONDS);

        // Then
        assertThat(new JsonObject(auth.callsAbout(KEY).get(0).body()).getString("client_ip"))
                .isEqualTo("127.0.0.1");
    }
}

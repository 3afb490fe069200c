package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.RedisServer;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Who asks too often is told so, in every mode, for every kind of limit and with every store. */
@ExtendWith(VertxExtension.class)
@NeedsPeer(program = "redis-server", install = "apt-get install redis-server")
class RateLimitIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String PATH = "/api/2.0/mlflow/registered-models/search";
    private static final String ARTIFACT = "/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/model.bin";
    private static final String SLOW = "/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/slow.bin";
    private static final String CALLER = "203.0.113.7";
    private static final String DECISIONS = "torii_ratelimit_decisions_total";
    private static final List<String> LIMIT_FIELDS =
            List.of("RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset");

    private static RedisServer redis;
    private static int names;

    private StubAuthService auth;
    private StubServer mlflow;
    private TestGateway gateway;
    private final List<HttpServerResponse> held = new ArrayList<>();

    @BeforeAll
    static void startRedis() throws Exception {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        auth = StubAuthService.start(vertx);
        knowing(KEY, 3L);
        mlflow = StubServer.start(vertx).answering((request, response) -> {
            if (request.uri().endsWith("slow.bin")) {
                synchronized (held) {
                    held.add(response);
                }
            } else {
                response.putHeader("Content-Type", "application/json")
                        .putHeader("X-RateLimit-Limit", "77")
                        .putHeader("RateLimit-Remaining", "76")
                        .end("{}");
            }
        });
    }

    @AfterEach
    void stop() throws Exception {
        if (gateway != null) {
            gateway.stop();
        }
    }

    private void knowing(String key, Long perHour, String... scopes) {
        auth.knowing(
                key,
                new JsonObject()
                        .put("is_valid", true)
                        .put("key_id", "limited-" + names++)
                        .put("user_id", "ada")
                        .put("scopes", List.of(scopes.length == 0 ? new String[] {"mlflow:write"} : scopes))
                        .put("rate_limit_per_hour", perHour));
    }

    private void serve(Vertx vertx, String... settings) throws Exception {
        gateway = TestGateway.start(vertx, environment(settings));
        Await.until("its Redis, if it has one", () -> gateway.metric("torii_ratelimit_store_degraded") == 0);
    }

    private Map<String, String> environment(String... settings) {
        Map<String, String> environment = TestGateway.environment(mlflow.url(), auth.url(), settings);
        environment.put("TORII_API_TRUSTED_PROXIES", "127.0.0.1");
        environment.put("REDIS_URL", redis.url());
        return environment;
    }

    private List<Integer> statuses(int calls, String uri, String key) throws Exception {
        List<Integer> statuses = new ArrayList<>();
        for (int i = 0; i < calls; i++) {
            statuses.add(ask(uri, key).statusCode());
        }
        return statuses;
    }

    private HttpResponse<Buffer> ask(String uri, String key) throws Exception {
        MultiMap fields = MultiMap.caseInsensitiveMultiMap().add("X-Forwarded-For", CALLER);
        return gateway.get(uri, key == null ? fields : fields.add("Authorization", "Bearer " + key));
    }

    private double counted(String kind, String outcome, String store) throws Exception {
        return gateway.metric(
                DECISIONS + "{kind=\"" + kind + "\",outcome=\"" + outcome + "\",store=\"" + store + "\"}");
    }

    static Stream<Arguments> modesAndStores() {
        return Stream.of("off", "report", "enforce")
                .flatMap(mode -> Stream.of("local", "redis").map(store -> Arguments.of(mode, store)));
    }

    @ParameterizedTest
    @MethodSource("modesAndStores")
    void limitsAKeyToItsHourlyFigure(String mode, String store, Vertx vertx) throws Exception {
        // Given
        serve(vertx, "TORII_RATELIMIT_MODE", mode, "TORII_RATELIMIT_STORE", store);

        // When
        List<Integer> statuses = statuses(4, PATH, KEY);

        // Then
        int last = mode.equals("enforce") ? 429 : 200;
        assertThat(statuses).containsExactly(200, 200, 200, last);
        assertThat(counted("key", "allowed", store)).isEqualTo(mode.equals("off") ? 0 : 3);
        assertThat(counted("key", "limited", store)).isEqualTo(mode.equals("enforce") ? 1 : 0);
        assertThat(counted("key", "would_limit", store)).isEqualTo(mode.equals("report") ? 1 : 0);
        assertThat(mlflow.forwarded()).hasSize(last == 429 ? 3 : 4);
    }

    @ParameterizedTest
    @MethodSource("modesAndStores")
    void limitsTheTransfersOfAKeyAtOnce(String mode, String store, Vertx vertx) throws Exception {
        // Given
        knowing(KEY, null);
        serve(
                vertx,
                "TORII_RATELIMIT_MODE",
                mode,
                "TORII_RATELIMIT_STORE",
                store,
                "TORII_RATELIMIT_TRANSFERS_PER_KEY",
                "1");
        var first = gateway.request(io.vertx.core.http.HttpMethod.GET, SLOW)
                .bearerTokenAuthentication(KEY)
                .send();
        Await.until("the first transfer is under way", () -> held.size() == 1);

        // When
        HttpResponse<Buffer> second = ask(ARTIFACT, KEY);

        // Then
        assertThat(second.statusCode()).isEqualTo(mode.equals("enforce") ? 429 : 200);
        assertThat(counted("transfers", "limited", "local")).isEqualTo(mode.equals("enforce") ? 1 : 0);
        assertThat(counted("transfers", "would_limit", "local")).isEqualTo(mode.equals("report") ? 1 : 0);
        assertThat(ask(PATH, KEY).statusCode()).isEqualTo(200);
        held.get(0).end("slow");
        first.await(10, java.util.concurrent.TimeUnit.SECONDS);
        assertThat(ask(ARTIFACT, KEY).statusCode()).isEqualTo(200);
        assertThat(gateway.metric("torii_ratelimit_transfers")).isZero();
    }

    @ParameterizedTest
    @MethodSource("modesAndStores")
    void limitsAnAddressWhoseCallersAreRefused(String mode, String store, Vertx vertx) throws Exception {
        // Given a minute's worth of two, and a key that was accepted
        knowing(KEY, null);
        serve(
                vertx,
                "TORII_RATELIMIT_MODE",
                mode,
                "TORII_RATELIMIT_STORE",
                store,
                "TORII_RATELIMIT_REFUSED_PER_MINUTE",
                "2");
        assertThat(ask(PATH, KEY).statusCode()).isEqualTo(200);

        // When
        List<Integer> refused = List.of(
                ask(PATH, null).statusCode(),
                ask(PATH, "hk_test_TestOnlyUnknownTestOnlyUnknown01").statusCode());
        HttpResponse<Buffer> third = ask(PATH, "hk_test_TestOnlyUnknownTestOnlyUnknown02");

        // Then
        assertThat(refused).containsExactly(401, 401);
        assertThat(third.statusCode()).isEqualTo(mode.equals("enforce") ? 429 : 401);
        assertThat(auth.callsAbout("hk_test_TestOnlyUnknownTestOnlyUnknown02")).hasSize(mode.equals("enforce") ? 0 : 1);
        assertThat(counted("address", "allowed", "local")).isEqualTo(mode.equals("off") ? 0 : 2);
        assertThat(counted("address", "limited", "local")).isEqualTo(mode.equals("enforce") ? 1 : 0);
        assertThat(counted("address", "would_limit", "local")).isEqualTo(mode.equals("report") ? 1 : 0);
        assertThat(ask(PATH, KEY).statusCode()).isEqualTo(200);
        assertThat(gateway.get(PATH, (String) null).statusCode()).isEqualTo(401);
    }

    @Test
    void tellsWhoIsLimitedWhatTheLimitIsAndWhenItEnds(Vertx vertx) throws Exception {
        // Given
        serve(vertx, "TORII_RATELIMIT_MODE", "enforce");
        statuses(3, PATH, KEY);

        // When
        HttpResponse<Buffer> limited = ask(PATH, KEY);

        // Then
        JsonObject body = limited.bodyAsJsonObject();
        assertThat(body.getString("error_code")).isEqualTo("REQUEST_LIMIT_EXCEEDED");
        assertThat(body.getString("reason")).isEqualTo("rate_limited");
        assertThat(body.getString("blame")).isEqualTo("caller");
        assertThat(body.getString("message"))
                .contains("3 requests an hour", "set by the auth source for this key")
                .containsPattern("allowed in 1(200|19\\d) s");
        assertThat(limited.getHeader("Retry-After")).isEqualTo("60");
        assertThat(limited.getHeader("RateLimit-Policy")).isEqualTo("\"hour\";q=3;w=3600");
        assertThat(limited.getHeader("RateLimit")).matches("\"hour\";r=0;t=1(200|19\\d)");
        assertThat(limited.getHeader("X-RateLimit-Remaining")).isEqualTo("0");
    }

    @Test
    void tellsAKeyItsLimitInPlaceOfMlflowsOwn(Vertx vertx) throws Exception {
        // Given
        serve(vertx, "CORS_ORIGINS", "https://app.example");

        // When
        HttpResponse<Buffer> answer = gateway.get(
                PATH,
                MultiMap.caseInsensitiveMultiMap()
                        .add("Authorization", "Bearer " + KEY)
                        .add("Origin", "https://app.example"));

        // Then
        assertThat(answer.headers().getAll("X-RateLimit-Limit")).containsExactly("3");
        assertThat(answer.headers().getAll("X-RateLimit-Remaining")).containsExactly("2");
        assertThat(answer.headers().getAll("X-RateLimit-Reset")).containsExactly("1200");
        assertThat(answer.headers().getAll("RateLimit-Policy")).containsExactly("\"hour\";q=3;w=3600");
        assertThat(answer.headers().getAll("RateLimit")).containsExactly("\"hour\";r=2;t=1200");
        assertThat(answer.headers().contains("RateLimit-Remaining")).isFalse();
        assertThat(answer.getHeader("Access-Control-Expose-Headers").split(", *"))
                .containsAll(LIMIT_FIELDS);
    }

    @Test
    void tellsAKeyWithoutALimitOfNone(Vertx vertx) throws Exception {
        // Given
        knowing(KEY, 0L);
        serve(vertx, "TORII_RATELIMIT_MODE", "enforce");

        // When
        HttpResponse<Buffer> answer = ask(PATH, KEY);

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().names()).doesNotContainAnyElementsOf(LIMIT_FIELDS);
    }

    @Test
    void tellsTheLimitAlsoWithAnAnswerOfItsOwn(Vertx vertx) throws Exception {
        // Given
        serve(vertx, "TORII_RATELIMIT_MODE", "enforce");
        mlflow.stop();

        // When
        HttpResponse<Buffer> answer = ask(PATH, KEY);

        // Then
        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(answer.getHeader("X-RateLimit-Remaining")).isEqualTo("2");
    }
}

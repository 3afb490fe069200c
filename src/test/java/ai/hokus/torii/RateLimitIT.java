package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.ConfigLoader;
import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.RawClient;
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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
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
    private static final List<String> LIMIT_FIELDS = List.of(
            "RateLimit",
            "RateLimit-Policy",
            "RateLimit-Limit",
            "RateLimit-Remaining",
            "RateLimit-Reset",
            "X-RateLimit-Limit",
            "X-RateLimit-Remaining",
            "X-RateLimit-Reset");

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
        assertThat(ask(PATH, KEY).headers().contains("RateLimit")).isEqualTo(!mode.equals("off"));
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
        first.await(10, TimeUnit.SECONDS);
        Await.until("its end is known", () -> gateway.metric("torii_ratelimit_transfers") == 0);
        assertThat(ask(ARTIFACT, KEY).statusCode()).isEqualTo(200);
        Await.until("both have ended", () -> gateway.metric("torii_ratelimit_transfers") == 0);
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
        double charged = counted("address", "allowed", "local");
        assertThat(gateway.get(PATH, (String) null).statusCode()).isEqualTo(401);
        assertThat(counted("address", "allowed", "local")).isEqualTo(charged);
    }

    static Stream<String> endsOfATransfer() {
        return Stream.of("answered", "caller resets", "caller leaves", "MLflow resets");
    }

    @ParameterizedTest
    @MethodSource("endsOfATransfer")
    void makesRoomForTheNextTransferHoweverOneEnds(String end, Vertx vertx) throws Exception {
        // Given
        knowing(KEY, null);
        serve(vertx, "TORII_RATELIMIT_MODE", "enforce", "TORII_RATELIMIT_TRANSFERS_PER_KEY", "1");
        RawClient caller = new RawClient(gateway.port());
        caller.send("GET " + SLOW + " HTTP/1.1\r\nHost: torii\r\nAuthorization: Bearer " + KEY + "\r\n\r\n");
        Await.until("the transfer is under way", () -> held.size() == 1);
        assertThat(ask(ARTIFACT, KEY).statusCode()).isEqualTo(429);

        // When
        switch (end) {
            case "answered" -> held.get(0).end("slow");
            case "caller resets" -> caller.reset();
            case "caller leaves" -> caller.close();
            default -> held.get(0).reset();
        }

        // Then
        Await.until("its end is known", () -> gateway.metric("torii_ratelimit_transfers") == 0);
        assertThat(ask(ARTIFACT, KEY).statusCode()).isEqualTo(200);
        caller.close();
    }

    @Test
    void countsTheTransfersOfAllEventLoopsTogether(Vertx vertx) throws Exception {
        // Given
        knowing(KEY, null);
        serve(
                vertx,
                "TORII_API_INSTANCES",
                "2",
                "TORII_RATELIMIT_MODE",
                "enforce",
                "TORII_RATELIMIT_TRANSFERS_PER_KEY",
                "3");
        List<RawClient> callers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            RawClient caller = new RawClient(gateway.port());
            caller.send("GET " + SLOW + " HTTP/1.1\r\nHost: torii\r\nAuthorization: Bearer " + KEY + "\r\n\r\n");
            callers.add(caller);
        }
        Await.until("three transfers are under way", () -> held.size() == 3);

        // When
        HttpResponse<Buffer> fourth = ask(ARTIFACT, KEY);

        // Then
        assertThat(fourth.statusCode()).isEqualTo(429);
        assertThat(fourth.bodyAsJsonObject().getString("message"))
                .contains("moves 3 artifacts at this moment", "ratelimit.transfers-per-key");
        assertThat(fourth.getHeader("Retry-After")).isEqualTo("2");
        for (RawClient caller : callers) {
            caller.close();
        }
    }

    @Test
    void lookUpsOfKnownKeysPassFromAnAddressThatIsLimited(Vertx vertx) throws Exception {
        // Given every request asks, and a key that was accepted
        knowing(KEY, null);
        serve(
                vertx,
                "TORII_RATELIMIT_MODE",
                "enforce",
                "TORII_RATELIMIT_REFUSED_PER_MINUTE",
                "1",
                "TORII_AUTH_CACHE_TTL",
                "0s");
        assertThat(ask(PATH, KEY).statusCode()).isEqualTo(200);
        String newcomer = "hk_test_TestOnlyNewcomerTestOnlyNewcomer";
        knowing(newcomer, null);

        // When
        assertThat(statuses(2, PATH, null)).containsExactly(401, 429);

        // Then
        HttpResponse<Buffer> turnedAway = ask(PATH, newcomer);
        assertThat(turnedAway.statusCode()).isEqualTo(429);
        assertThat(turnedAway.bodyAsJsonObject().getString("message"))
                .contains("the limit is 1 a minute", "ratelimit.refused-per-minute", "looked at in 60 s");
        assertThat(turnedAway.getHeader("Retry-After")).isEqualTo("60");
        assertThat(statuses(2, PATH, KEY)).containsExactly(200, 200);
        assertThat(gateway.get(PATH, newcomer).statusCode()).isEqualTo(200);
        assertThat(ask(PATH, newcomer).statusCode()).isEqualTo(200);
        auth.forget(KEY);
        assertThat(statuses(2, PATH, KEY)).containsExactly(401, 429);
    }

    @Test
    void guardsAKeyFileAsWell(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        Path file = folder.resolve("keys.yaml");
        Files.writeString(
                file,
                "keys:\n- key_id: of-file\n  sha256: '" + sha256(KEY)
                        + "'\n  scopes: [mlflow:read]\n  rate_limit_per_hour: 2\n");
        Map<String, String> environment = environment(
                "TORII_AUTH_FILE_PATH",
                file.toString(),
                "TORII_RATELIMIT_MODE",
                "enforce",
                "TORII_RATELIMIT_REFUSED_PER_MINUTE",
                "1");
        environment.remove("HOKUSAI_AUTH_SERVICE_URL");
        gateway = TestGateway.start(vertx, environment);

        // When
        List<Integer> refused = statuses(2, PATH, null);

        // Then
        assertThat(refused).containsExactly(401, 429);
        assertThat(statuses(3, PATH, KEY)).containsExactly(200, 200, 429);
    }

    private static String sha256(String key) throws Exception {
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void keepsCountingWhenOtherSettingsChange(Vertx vertx) throws Exception {
        // Given
        serve(vertx, "TORII_RATELIMIT_MODE", "enforce");
        assertThat(statuses(2, PATH, KEY)).containsExactly(200, 200);
        Map<String, String> changed =
                environment("TORII_RATELIMIT_MODE", "enforce", "TORII_RATELIMIT_TRANSFERS_PER_KEY", "9");

        // When
        new ConfigLoader(vertx)
                .load(Optional.empty(), changed)
                .compose(loaded -> gateway.gateway().reload(loaded.config()))
                .await(10, TimeUnit.SECONDS);

        // Then
        assertThat(statuses(2, PATH, KEY)).containsExactly(200, 429);
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
        assertThat(answer.headers().getAll("RateLimit-Limit")).containsExactly("3");
        assertThat(answer.headers().getAll("RateLimit-Remaining")).containsExactly("2");
        assertThat(answer.headers().getAll("RateLimit-Reset")).containsExactly("1200");
        assertThat(answer.headers().getAll("X-RateLimit-Limit")).containsExactly("3");
        assertThat(answer.headers().getAll("X-RateLimit-Remaining")).containsExactly("2");
        assertThat(answer.headers().getAll("X-RateLimit-Reset")).containsExactly("1200");
        assertThat(answer.headers().getAll("RateLimit-Policy")).containsExactly("\"hour\";q=3;w=3600");
        assertThat(answer.headers().getAll("RateLimit")).containsExactly("\"hour\";r=2;t=1200");
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

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RedisServer;
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
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Replicas that count together in a real Redis, and go on without it. */
@ExtendWith(VertxExtension.class)
@NeedsPeer(program = "redis-server", install = "apt-get install redis-server")
class RateLimitRedisIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String PATH = "/api/2.0/mlflow/registered-models/search";
    private static final String DEGRADED = "torii_ratelimit_store_degraded";
    private static final int AT_ONCE = 16;

    private RedisServer redis;
    private StubAuthService auth;
    private StubServer mlflow;
    private final List<TestGateway> gateways = new ArrayList<>();

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        redis = RedisServer.start();
        auth = StubAuthService.start(vertx);
        mlflow = StubServer.start(vertx);
    }

    @AfterEach
    void stop() throws Exception {
        for (TestGateway gateway : gateways) {
            gateway.stop();
        }
        redis.close();
    }

    private void knowing(String keyId, long perHour) {
        auth.knowing(
                KEY,
                new JsonObject()
                        .put("is_valid", true)
                        .put("key_id", keyId)
                        .put("user_id", "ada")
                        .put("scopes", List.of("mlflow:read"))
                        .put("rate_limit_per_hour", perHour));
    }

    private void serve(Vertx vertx, int replicas, String... settings) throws Exception {
        Map<String, String> environment = TestGateway.environment(
                mlflow.url(),
                auth.url(),
                "TORII_RATELIMIT_MODE",
                "enforce",
                "TORII_RATELIMIT_STORE",
                "redis",
                "REDIS_URL",
                redis.url());
        for (int i = 0; i < settings.length; i += 2) {
            environment.put(settings[i], settings[i + 1]);
        }
        for (int i = 0; i < replicas; i++) {
            gateways.add(TestGateway.start(vertx, environment));
        }
        await(DEGRADED, 0);
    }

    private void await(String metric, double value) {
        gateways.forEach(gateway -> Await.until(metric + " is " + value, () -> gateway.metric(metric) == value));
    }

    private double counted(String outcome, String store) throws Exception {
        double sum = 0;
        for (TestGateway gateway : gateways) {
            sum += gateway.metric("torii_ratelimit_decisions_total{kind=\"key\",outcome=\"" + outcome + "\",store=\""
                    + store + "\"}");
        }
        return sum;
    }

    /** So many calls, a few at once; counts those that were let through, and fails on what is neither 200 nor 429. */
    private Future<Void> hammer(TestGateway gateway, int calls, AtomicInteger granted) {
        AtomicInteger left = new AtomicInteger(calls);
        return Future.all(Stream.generate(() -> next(gateway, left, granted))
                        .limit(AT_ONCE)
                        .toList())
                .mapEmpty();
    }

    private Future<Void> next(TestGateway gateway, AtomicInteger left, AtomicInteger granted) {
        if (left.decrementAndGet() < 0) {
            return Future.succeededFuture();
        }
        return gateway.request(HttpMethod.GET, PATH)
                .bearerTokenAuthentication(KEY)
                .send()
                .compose(answer -> {
                    if (answer.statusCode() == 200) {
                        granted.incrementAndGet();
                    } else if (answer.statusCode() != 429) {
                        return Future.failedFuture("status " + answer.statusCode() + " " + answer.bodyAsString());
                    }
                    return next(gateway, left, granted);
                });
    }

    @ParameterizedTest
    @CsvSource({"750, 750, 750", "1700, 300, 250"})
    void grantsTheLimitToThreeReplicasTogetherWithinTwoPercent(int first, int second, int third, Vertx vertx)
            throws Exception {
        // Given
        knowing("shared", 1500);
        // Longer than this machine may stand still: without Redis each replica counts for itself.
        serve(vertx, 3, "TORII_RATELIMIT_REDIS_TIMEOUT", "5s");
        AtomicInteger granted = new AtomicInteger();

        // When
        Future.all(
                        hammer(gateways.get(0), first, granted),
                        hammer(gateways.get(1), second, granted),
                        hammer(gateways.get(2), third, granted))
                .await(60, TimeUnit.SECONDS);

        // Then
        assertThat(granted.get()).isBetween(1470, 1530);
        assertThat(counted("allowed", "redis")).isEqualTo(granted.get());
        assertThat(counted("allowed", "degraded")).isZero();
    }

    @Test
    void goesOnFromWhereRedisStoodWhenItCrashesAndBackWhenItIsBack(Vertx vertx) throws Exception {
        // Given a key that has used most of its limit
        knowing("crash", 50);
        serve(vertx, 1);
        TestGateway gateway = gateways.get(0);
        AtomicInteger granted = new AtomicInteger();
        hammer(gateway, 40, granted).await(30, TimeUnit.SECONDS);

        // When
        redis.kill();
        await(DEGRADED, 1);
        hammer(gateway, 20, granted).await(30, TimeUnit.SECONDS);

        // Then
        assertThat(granted.get()).isBetween(50, 51);
        assertThat(counted("allowed", "redis")).isEqualTo(40);
        assertThat(counted("allowed", "degraded")).isBetween(10.0, 11.0);
        assertThat(gateway.metric("torii_ratelimit_store_outages_total")).isPositive();
        redis.startAgain();
        await(DEGRADED, 0);
        assertThat(gateway.get(PATH, KEY).statusCode()).isEqualTo(200);
        assertThat(counted("allowed", "redis")).isEqualTo(41);
    }

    @Test
    void failsNoRequestWhileRedisStandsStill(Vertx vertx) throws Exception {
        // Given
        knowing("frozen", 100);
        serve(vertx, 1);
        TestGateway gateway = gateways.get(0);
        assertThat(gateway.get(PATH, KEY).statusCode()).isEqualTo(200);

        // When
        redis.freeze();
        AtomicInteger granted = new AtomicInteger();
        hammer(gateway, 30, granted).await(30, TimeUnit.SECONDS);

        // Then
        assertThat(granted.get()).isEqualTo(30);
        assertThat(counted("allowed", "degraded")).isEqualTo(30);
        assertThat(gateway.metric(DEGRADED)).isEqualTo(1);
        redis.thaw();
        await(DEGRADED, 0);
        assertThat(gateway.get(PATH, KEY).statusCode()).isEqualTo(200);
        assertThat(counted("allowed", "redis")).isEqualTo(2);
    }

    @Test
    void waitsForRedisAsLongAsItIsTold(Vertx vertx) throws Exception {
        // Given
        knowing("patient", 100);
        serve(vertx, 1, "TORII_RATELIMIT_REDIS_TIMEOUT", "5s");
        TestGateway gateway = gateways.get(0);
        assertThat(gateway.get(PATH, KEY).statusCode()).isEqualTo(200);
        redis.freeze();
        Future<HttpResponse<Buffer>> waiting = gateway.request(HttpMethod.GET, PATH)
                .bearerTokenAuthentication(KEY)
                .send();
        Await.until("it waits", () -> gateway.metric("torii_requests_in_flight") == 1);

        // When
        redis.thaw();

        // Then
        assertThat(waiting.await(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        assertThat(counted("allowed", "redis")).isEqualTo(2);
        assertThat(mlflow.forwarded()).hasSize(2);
    }

    @Test
    void forgetsACallerThatLeavesWhileRedisIsAsked(Vertx vertx) throws Exception {
        // Given
        knowing("gone", 100);
        serve(vertx, 1, "TORII_RATELIMIT_REDIS_TIMEOUT", "5s");
        TestGateway gateway = gateways.get(0);
        assertThat(gateway.get(PATH, KEY).statusCode()).isEqualTo(200);
        redis.freeze();
        RawClient caller = new RawClient(gateway.port());
        caller.send("GET " + PATH + " HTTP/1.1\r\nHost: torii\r\nAuthorization: Bearer " + KEY + "\r\n\r\n");
        Await.until("it waits", () -> gateway.metric("torii_requests_in_flight") == 1);

        // When
        caller.reset();
        Await.until("it is gone", () -> gateway.metric("torii_requests_in_flight") == 0);
        redis.thaw();

        // Then
        Await.until("Redis has answered", () -> counted("allowed", "redis") == 2);
        assertThat(gateway.get(PATH, KEY).statusCode()).isEqualTo(200);
        assertThat(mlflow.forwarded()).hasSize(2);
    }

    private Map<String, String> asUserWith(Vertx vertx, String rights) throws Exception {
        Request user =
                Request.cmd(Command.ACL).arg("SETUSER").arg("torii").arg("on").arg(">" + RedisServer.PASSWORD);
        for (String right : rights.split(" ")) {
            user.arg(right);
        }
        command(vertx, user);
        return Map.of("REDIS_URL", redis.url().replace("redis://:", "redis://torii:"));
    }

    @Test
    void needsFewRightsInRedis(Vertx vertx) throws Exception {
        // Given
        Map<String, String> user = asUserWith(vertx, "+eval +evalsha +script|load +get +set +time ~torii:ratelimit:*");
        knowing("rights", 100);

        // When
        serve(vertx, 1, "REDIS_URL", user.get("REDIS_URL"));

        // Then
        assertThat(gateways.get(0).get(PATH, KEY).statusCode()).isEqualTo(200);
        assertThat(counted("allowed", "redis")).isEqualTo(1);
    }

    @Test
    void doesNotCountInARedisWhereItMayNotWrite(Vertx vertx) throws Exception {
        // Given
        Map<String, String> environment = TestGateway.environment(
                mlflow.url(), auth.url(), "TORII_RATELIMIT_STORE", "redis", "TORII_RATELIMIT_MODE", "enforce");
        environment.putAll(asUserWith(vertx, "+eval +evalsha +script|load +get +time ~torii:ratelimit:*"));
        knowing("readonly", 2);
        gateways.add(TestGateway.start(vertx, environment));
        await("torii_ratelimit_store_outages_total", 1);

        // When
        AtomicInteger granted = new AtomicInteger();
        hammer(gateways.get(0), 5, granted).await(10, TimeUnit.SECONDS);

        // Then
        assertThat(granted.get()).isEqualTo(2);
        assertThat(counted("allowed", "degraded")).isEqualTo(2);
        assertThat(gateways.get(0).metric(DEGRADED)).isEqualTo(1);
        assertThat(gateways.get(0).metric("torii_ratelimit_store_outages_total"))
                .isEqualTo(1);
    }

    @Test
    void startsWithoutRedisAndFindsItWhenItComes(Vertx vertx) throws Exception {
        // Given
        redis.kill();
        knowing("late", 100);
        Map<String, String> environment = TestGateway.environment(
                mlflow.url(), auth.url(), "TORII_RATELIMIT_STORE", "redis", "REDIS_URL", redis.url());
        gateways.add(TestGateway.start(vertx, environment));
        assertThat(gateways.get(0).get(PATH, KEY).statusCode()).isEqualTo(200);
        assertThat(counted("allowed", "degraded")).isEqualTo(1);

        // When
        redis.startAgain();

        // Then
        await(DEGRADED, 0);
        assertThat(gateways.get(0).get(PATH, KEY).statusCode()).isEqualTo(200);
        assertThat(counted("allowed", "redis")).isEqualTo(1);
    }

    @Test
    void tellsTheScriptOnceMoreToARedisThatForgotIt(Vertx vertx) throws Exception {
        // Given
        knowing("script", 100);
        serve(vertx, 1);
        assertThat(gateways.get(0).get(PATH, KEY).getHeader("X-RateLimit-Remaining"))
                .isEqualTo("99");

        // When
        command(vertx, Request.cmd(Command.SCRIPT).arg("FLUSH"));

        // Then
        assertThat(gateways.get(0).get(PATH, KEY).getHeader("X-RateLimit-Remaining"))
                .isEqualTo("98");
        assertThat(counted("allowed", "redis")).isEqualTo(2);
        assertThat(gateways.get(0).metric("torii_ratelimit_store_outages_total"))
                .isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "id-1, torii:ratelimit:{id-1}",
        "a}b{c d, torii:ratelimit:{sha256:7c9b4d1e}",
        "'', torii:ratelimit:{user:ada}"
    })
    void namesBucketsByTheKeysIdAndLetsThemExpire(String keyId, String bucket, Vertx vertx) throws Exception {
        // Given
        knowing(keyId, 100);
        serve(vertx, 1);

        // When
        HttpResponse<Buffer> answer = gateways.get(0).get(PATH, KEY);

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
        List<String> names = command(vertx, Request.cmd(Command.KEYS).arg("*")).stream()
                .map(Response::toString)
                .filter(name -> !name.equals("torii:ratelimit:{}"))
                .toList();
        assertThat(names).singleElement().satisfies(name -> {
            assertThat(bucket.contains("sha256") ? name.replaceAll("[0-9a-f]{64}", "7c9b4d1e") : name)
                    .isEqualTo(bucket);
            assertThat(command(vertx, Request.cmd(Command.TTL).arg(name)).toLong())
                    .isBetween(1L, 40L);
            assertThat(name + command(vertx, Request.cmd(Command.GET).arg(name)))
                    .doesNotContain("hk_test");
        });
    }

    @ParameterizedTest
    @CsvSource({"SET, what is no bucket", "HSET, of another type"})
    void takesWhatIsNoBucketForNone(String command, String value, Vertx vertx) throws Exception {
        // Given
        knowing("poisoned", 100);
        serve(vertx, 1);
        Request order = Request.cmd(Command.create(command)).arg("torii:ratelimit:{poisoned}");
        command(
                vertx,
                command.equals("SET") ? order.arg(value) : order.arg("field").arg(value));

        // When
        HttpResponse<Buffer> answer = gateways.get(0).get(PATH, KEY);

        // Then
        assertThat(answer.getHeader("X-RateLimit-Remaining")).isEqualTo("99");
        assertThat(counted("allowed", "redis")).isEqualTo(1);
    }

    @Test
    void doesNotCountInARedisThatIsOnlyThere(Vertx vertx) throws Exception {
        // Given
        knowing("local", 100);
        serve(vertx, 1, "TORII_RATELIMIT_STORE", "local");

        // When
        gateways.get(0).get(PATH, KEY);

        // Then
        assertThat(counted("allowed", "local")).isEqualTo(1);
        assertThat(command(vertx, Request.cmd(Command.KEYS).arg("*")).size()).isZero();
    }

    private Response command(Vertx vertx, Request request) throws Exception {
        return Redis.createClient(vertx, redis.url()).send(request).await(5, TimeUnit.SECONDS);
    }
}

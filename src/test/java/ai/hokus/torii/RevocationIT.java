package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.RedisServer;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.TlsServer;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.Request;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Three replicas and a real Redis: what one is told, all obey. */
@ExtendWith(VertxExtension.class)
@NeedsPeer(program = "redis-server", install = "apt-get install redis-server")
class RevocationIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String PATH = "/api/2.0/mlflow/registered-models/search";
    private static final String TOKEN = "an-admin-token";
    private static final String LISTENING = "torii_revocations_listening";

    private RedisServer redis;
    private StubAuthService auth;
    private final List<TestGateway> gateways = new ArrayList<>();

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        redis = RedisServer.start();
        auth = StubAuthService.start(vertx)
                .knowing(
                        KEY,
                        new JsonObject()
                                .put("is_valid", true)
                                .put("key_id", "id-1")
                                .put("user_id", "ada")
                                .put("scopes", List.of("mlflow:read")));
        StubServer mlflow = StubServer.start(vertx);
        for (int i = 0; i < 3; i++) {
            Map<String, String> environment = TestGateway.environment(mlflow.url(), auth.url());
            environment.put("REDIS_URL", redis.url());
            environment.put("TORII_ADMIN_SHARE_REVOCATIONS", "true");
            environment.put("TORII_ADMIN_TOKEN", TOKEN);
            gateways.add(TestGateway.start(vertx, environment));
        }
        awaitListening(1);
    }

    @AfterEach
    void stop() throws Exception {
        for (TestGateway gateway : gateways) {
            gateway.stop();
        }
        redis.close();
    }

    private void awaitListening(double value) {
        gateways.forEach(gateway -> Await.until("listening is " + value, () -> gateway.metric(LISTENING) == value));
    }

    private List<Integer> statuses() throws Exception {
        List<Integer> statuses = new ArrayList<>();
        for (TestGateway gateway : gateways) {
            statuses.add(gateway.get(PATH, KEY).statusCode());
        }
        return statuses;
    }

    private HttpResponse<Buffer> revoke() throws Exception {
        return gateways.get(0).order(HttpMethod.DELETE, "/admin/verdicts/id-1", TOKEN);
    }

    @Test
    void refusesInAllReplicasWithinASecondWhatWasRevokedInOne() throws Exception {
        // Given
        assertThat(statuses()).containsOnly(200);
        auth.forget(KEY);
        assertThat(statuses()).containsOnly(200);

        // When
        HttpResponse<Buffer> answer = revoke();
        long start = System.nanoTime();
        Await.until("all refuse", () -> statuses().equals(List.of(401, 401, 401)));

        // Then
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(1));
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.bodyAsJsonObject()).isEqualTo(new JsonObject().put("shared", true));
    }

    @Test
    void purgesAllReplicas() throws Exception {
        // Given
        assertThat(statuses()).containsOnly(200);
        auth.forget(KEY);

        // When
        gateways.get(1).order(HttpMethod.POST, "/admin/verdicts/purge", TOKEN);

        // Then
        gateways.forEach(gateway -> Await.until(
                "the purge arrives", () -> gateway.metric("torii_revocations_total{order=\"purge\"}") == 1));
        assertThat(statuses()).containsOnly(401);
    }

    @Test
    void forgetsWhatItMayHaveMissedWhileRedisWasAway() throws Exception {
        // Given
        assertThat(statuses()).containsOnly(200);
        auth.forget(KEY);
        redis.kill();
        awaitListening(0);
        HttpResponse<Buffer> answer = revoke();
        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(TestGateway.reason(answer)).isEqualTo("revocation_not_shared");
        assertThat(statuses()).isEqualTo(List.of(401, 200, 200));

        // When
        redis.startAgain();
        awaitListening(1);

        // Then
        assertThat(statuses()).containsOnly(401);
    }

    @Test
    void findsAConnectionThatIsDeadWithoutAWord() throws Exception {
        // Given
        assertThat(statuses()).containsOnly(200);
        auth.forget(KEY);

        // When
        redis.freeze();
        awaitListening(0);
        redis.thaw();
        awaitListening(1);

        // Then
        assertThat(statuses()).containsOnly(401);
    }

    @Test
    void obeysAnOrderItDoesNotKnowByForgettingAll(Vertx vertx) throws Exception {
        // Given
        assertThat(statuses()).containsOnly(200);
        auth.forget(KEY);

        // When
        Redis.createClient(vertx, redis.url())
                .send(Request.cmd(Command.PUBLISH).arg("torii:revocations").arg("of a version to come"))
                .await(5, TimeUnit.SECONDS);

        // Then
        gateways.forEach(gateway ->
                Await.until("it is obeyed", () -> gateway.metric("torii_revocations_total{order=\"purge\"}") == 1));
        assertThat(statuses()).containsOnly(401);
    }

    @Test
    void listensBehindTls(@TempDir Path folder) throws Exception {
        // Given a Redis that this JVM's authorities vouch for
        TlsServer.Identity identity = TlsServer.Identity.make(folder);
        try (RedisServer tls = RedisServer.startTls(identity)) {
            Map<String, String> environment = TestGateway.environment("http://mlflow.test:5000", auth.url());
            environment.put("REDIS_URL", tls.url());
            environment.put("TORII_ADMIN_SHARE_REVOCATIONS", "true");

            // When
            try (ToriiProcess torii = ToriiProcess.serve(
                    environment,
                    "-Djavax.net.ssl.trustStore=" + identity.store(),
                    "-Djavax.net.ssl.trustStorePassword=" + TlsServer.PASSWORD)) {

                // Then
                assertThat(torii.awaitLine("RevocationFeed")).contains("listens for revocations");
                assertThat(torii.output()).doesNotContain(RedisServer.PASSWORD);
            }
        }
    }

    @Test
    void saysInReadyThatOrdersDoNotArrive() throws Exception {
        // Given
        redis.kill();
        awaitListening(0);

        // When
        TestGateway gateway = gateways.get(0);
        Await.until(
                "the check notices",
                () -> gateway.manage("/ready").bodyAsString().contains("revocation_not_shared"));

        // Then
        assertThat(gateway.manage("/ready").statusCode()).isEqualTo(200);
        assertThat(gateway.manage("/ready").bodyAsString()).contains("degraded");
    }
}

package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.KEY;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Two MLflow servers, each killed and started again under 200 requests a second: who notices. */
@ExtendWith(VertxExtension.class)
class RollingRestartIT {

    private static final int INTERVAL_MILLIS = 5;
    private static final long WORK_MILLIS = 20;

    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();
    private final ConcurrentLinkedQueue<String> failedGets = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> failedPosts = new ConcurrentLinkedQueue<>();
    private final Set<Integer> postsUnderWay = ConcurrentHashMap.newKeySet();
    private final Set<Integer> postsAtRisk = ConcurrentHashMap.newKeySet();
    private volatile boolean isKilling;

    private static StubServer mlflow(Vertx vertx, int port) throws Exception {
        return StubServer.start(vertx, "127.0.0.1", port)
                .answering((request, response) -> vertx.setTimer(WORK_MILLIS, id -> response.end("{}")));
    }

    private void send(TestGateway gateway) {
        int number = asked.incrementAndGet();
        boolean isPost = number % 2 == 0;
        if (isPost) {
            postsUnderWay.add(number);
            if (isKilling) {
                postsAtRisk.add(number);
            }
        }
        var request = gateway.request(
                        isPost ? HttpMethod.POST : HttpMethod.GET,
                        "/api/2.0/mlflow/runs/" + (isPost ? "create" : "get"))
                .bearerTokenAuthentication(KEY);
        (isPost ? request.sendBuffer(Buffer.buffer("{}")) : request.send()).onComplete(answer -> {
            postsUnderWay.remove(number);
            HttpResponse<Buffer> response = answer.result();
            if (answer.failed() || response.statusCode() != 200) {
                (isPost ? failedPosts : failedGets)
                        .add(answer.failed() ? answer.cause().toString() : response.bodyAsString());
            }
            answered.incrementAndGet();
        });
    }

    private void kill(StubServer mlflow) throws Exception {
        isKilling = true;
        postsAtRisk.addAll(postsUnderWay);
        mlflow.stop();
        isKilling = false;
    }

    private void letPass(int requests) {
        int goal = answered.get() + requests;
        Await.until(requests + " more answers", () -> answered.get() >= goal);
    }

    private static void awaitUp(TestGateway gateway, StubServer mlflow, int value) {
        String series = "torii_upstream_up{replica=\"127.0.0.1:" + mlflow.port() + "\"} " + value;
        Await.until(series, () -> gateway.manage("/metrics").bodyAsString().contains(series));
    }

    @Test
    void failsNoReadAndNoWriteButThoseOnTheKilledOne(Vertx vertx) throws Exception {
        // Given
        StubServer first = mlflow(vertx, 0);
        StubServer second = mlflow(vertx, 0);
        TestGateway gateway =
                TestGateway.start(vertx, first.url() + "," + second.url(), KEY, "TORII_MLFLOW_PROBE_INTERVAL", "100ms");
        long load = vertx.setPeriodic(INTERVAL_MILLIS, id -> send(gateway));
        letPass(200);

        // When
        for (StubServer victim : new StubServer[] {first, second}) {
            kill(victim);
            letPass(100);
            awaitUp(gateway, victim, 0);
            StubServer back = mlflow(vertx, victim.port());
            awaitUp(gateway, back, 1);
            letPass(100);
            assertThat(back.forwarded()).as("requests to the one that is back").isNotEmpty();
        }
        vertx.cancelTimer(load);
        Await.until("all are answered", () -> answered.get() == asked.get());

        // Then
        assertThat(failedGets).isEmpty();
        assertThat(failedPosts).hasSizeLessThanOrEqualTo(postsAtRisk.size());
        System.out.printf(
                "rolling restart of 2 stubs at 200 rps: %d requests, 0 of %d reads failed, %d writes failed (%d were under"
                        + " way at the kills), failovers: %.0f by connect, %.0f died%n",
                asked.get(),
                asked.get() - asked.get() / 2,
                failedPosts.size(),
                postsAtRisk.size(),
                gateway.metric("torii_upstream_failovers_total{why=\"connect\"}"),
                gateway.metric("torii_upstream_failovers_total{why=\"died\"}"));
        Await.until(
                "no request is counted as under way",
                () -> gateway.manage("/metrics")
                        .bodyAsString()
                        .lines()
                        .filter(line -> line.startsWith("torii_upstream_requests{"))
                        .allMatch(line -> line.endsWith(" 0") || line.endsWith(" 0.0")));
        gateway.stop();
    }
}

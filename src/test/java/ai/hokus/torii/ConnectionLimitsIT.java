package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What becomes of connections beyond listener.max-connections. */
@ExtendWith(VertxExtension.class)
class ConnectionLimitsIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String GET =
            "GET /api/2.0/mlflow/runs/get?run_id=1 HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n\r\n";

    private static TestGateway start(Vertx vertx, String instances, String cap) throws Exception {
        StubServer mlflow = StubServer.start(vertx).answering(200, "{}");
        return TestGateway.start(
                vertx, mlflow.url(), KEY, "TORII_API_INSTANCES", instances, "TORII_LISTENER_MAX_CONNECTIONS", cap);
    }

    private static boolean isServed(RawClient caller) throws Exception {
        return caller.send(GET).readUntil("{}").startsWith("HTTP/1.1 200");
    }

    @Test
    void tellsACallerBeyondTheCapAndServesAgainWhenOneHasLeft(Vertx vertx) throws Exception {
        // Given two connections, over all event loops
        TestGateway gateway = start(vertx, "2", "2");
        try (RawClient first = new RawClient(gateway.port());
                RawClient second = new RawClient(gateway.port())) {
            assertThat(isServed(first)).isTrue();
            assertThat(isServed(second)).isTrue();

            // When
            String told;
            try (RawClient third = new RawClient(gateway.port())) {
                told = third.send(GET).readToEnd();
            }

            // Then it is told why, its connection ends, and those that are in do not notice
            assertThat(told)
                    .startsWith("HTTP/1.1 503 ")
                    .containsIgnoringCase("connection: close")
                    .contains("Retry-After: ", "X-Torii-Reason: overloaded", "(listener.max-connections)");
            assertThat(isServed(first)).isTrue();
            assertThat(gateway.metric("torii_connections")).isEqualTo(2);
            assertThat(gateway.metric("torii_connections_refused_total{cap=\"all\"}"))
                    .isEqualTo(1);

            // When one leaves
            second.reset();

            // Then there is room
            Await.until("room for another", () -> gateway.metric("torii_connections") == 1);
            try (RawClient fourth = new RawClient(gateway.port())) {
                assertThat(isServed(fourth)).isTrue();
            }
        }
        gateway.stop();
    }

    @Test
    void closesUnheardThoseBeyondTheFewThatAreTold(Vertx vertx) throws Exception {
        // Given
        TestGateway gateway = start(vertx, "1", "1");
        List<RawClient> callers = new ArrayList<>();
        try {
            callers.add(new RawClient(gateway.port()));
            assertThat(isServed(callers.get(0))).isTrue();
            for (int i = 0; i < ConnectionCaps.MAX_TOLD; i++) {
                callers.add(new RawClient(gateway.port()));
            }
            Await.until(
                    "all of them",
                    () -> gateway.metric("torii_connections_refused_total{cap=\"all\"}") == ConnectionCaps.MAX_TOLD);

            // When
            RawClient next = new RawClient(gateway.port());
            callers.add(next);

            // Then
            assertThat(next.readToEnd()).isEqualToIgnoringWhitespace("[reset]");
            assertThat(isServed(callers.get(0))).isTrue();

            // And the places of those who were not served come back too
            for (RawClient caller : callers) {
                caller.close();
            }
            Await.until("all gone", () -> gateway.metric("torii_connections") == 0);
            Await.until("somebody is served", () -> {
                try (RawClient caller = new RawClient(gateway.port())) {
                    return isServed(caller);
                }
            });
        } finally {
            for (RawClient caller : callers) {
                caller.close();
            }
            gateway.stop();
        }
    }

    @Test
    void countsAConnectionThatNeverSendsAnything(Vertx vertx) throws Exception {
        // Given
        TestGateway gateway = start(vertx, "1", "10");
        try (RawClient silent = new RawClient(gateway.port());
                RawClient halfAHead = new RawClient(gateway.port())) {
            halfAHead.send("GET / HTTP/1.1\r\nHo");

            // Then
            Await.until("both are counted", () -> gateway.metric("torii_connections") == 2);
            silent.reset();
            halfAHead.reset();
            Await.until("both are gone", () -> gateway.metric("torii_connections") == 0);
        }
        gateway.stop();
    }
}

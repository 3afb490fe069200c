package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.RawServer;
import ai.hokus.torii.support.RawServer.Connection;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A pooled connection that dies as it is used, as uvicorn's do after five idle seconds: what is sent again, and what never. */
@ExtendWith(VertxExtension.class)
class RetryIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String FIELDS = " HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n";
    private static final String PATH = " /api/2.0/mlflow/runs/get" + FIELDS;
    private static final String GET = "GET" + PATH + "\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    private static final String OK_TO_HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

    /** What MLflow does with the second request on a connection. */
    private interface Death {
        void die(Connection connection) throws IOException;
    }

    private final List<String> seen = new CopyOnWriteArrayList<>();
    private final AtomicInteger connections = new AtomicInteger();

    /** Answers the first request of each connection and lets the connection die at the second. */
    private RawServer mlflow(Death death) throws IOException {
        return RawMlflow.start((connection, head) -> {
            connections.incrementAndGet();
            seen.add(head);
            connection.send(head.startsWith("HEAD") ? OK_TO_HEAD : OK);
            seen.add(connection.readHead());
            death.die(connection);
        });
    }

    private static Death death(String how) {
        return how.equals("reset") ? Connection::reset : connection -> {};
    }

    @ParameterizedTest
    @CsvSource({"GET,close", "GET,reset", "HEAD,close", "HEAD,reset"})
    void sendsABodylessReadAgainOnAFreshConnection(String method, String how, Vertx vertx) throws Exception {
        try (RawServer mlflow = mlflow(death(how))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // Given a pooled connection
                caller.send(GET).readUntil("{}");

                // When
                caller.send(method + PATH + "\r\n");

                // Then
                assertThat(caller.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200");
                assertThat(seen).hasSize(3);
                assertThat(connections).hasValue(2);
            }
            gateway.stop();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "POST /api/2.0/mlflow/runs/create%sContent-Length: 2\r\n\r\n{}",
                "POST /api/2.0/mlflow/runs/create%s\r\n",
                "PUT /api/2.0/mlflow-artifacts/artifacts/1/r/a%sContent-Length: 2\r\n\r\n{}",
                "PATCH /api/2.0/mlflow/registered-models/update%sContent-Length: 2\r\n\r\n{}",
                "DELETE /api/2.0/mlflow/registered-models/alias%s\r\n",
                "GET /api/2.0/mlflow/runs/get%sContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
            })
    void neverSendsAnythingElseTwice(String request, Vertx vertx) throws Exception {
        try (RawServer mlflow = mlflow(death("close"))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // Given a pooled connection
                caller.send(GET).readUntil("{}");

                // When
                caller.send(request.formatted(FIELDS));

                // Then
                assertThat(caller.readUntil("}")).startsWith("HTTP/1.1 502").contains("upstream_broken");
                assertThat(seen).hasSize(2);
                assertThat(connections).hasValue(1);
            }
            gateway.stop();
        }
    }

    @Test
    void sendsNothingAgainWhenAByteOfAnAnswerHadCome(Vertx vertx) throws Exception {
        try (RawServer mlflow = mlflow(connection -> connection.send("H"))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // Given a pooled connection
                caller.send(GET).readUntil("{}");

                // When
                caller.send(GET);

                // Then
                assertThat(caller.readUntil("}")).startsWith("HTTP/1.1 502");
                assertThat(seen).hasSize(2);
            }
            gateway.stop();
        }
    }

    @Test
    void sendsNothingAgainThatDiedOnAConnectionOfItsOwn(Vertx vertx) throws Exception {
        try (RawServer mlflow = RawMlflow.start((connection, head) -> seen.add(head))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(GET);

                // Then
                assertThat(caller.readUntil("}")).startsWith("HTTP/1.1 502");
                assertThat(seen).hasSize(1);
            }
            gateway.stop();
        }
    }

    @Test
    void triesOnceMoreAndNotTwice(Vertx vertx) throws Exception {
        // Given an MLflow that answers one request in its life
        try (RawServer mlflow = RawMlflow.start((connection, head) -> {
            seen.add(head);
            if (connections.incrementAndGet() == 1) {
                connection.send(OK);
                seen.add(connection.readHead());
            }
        })) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                caller.send(GET).readUntil("{}");

                // When
                caller.send(GET);

                // Then
                assertThat(caller.readUntil("}")).startsWith("HTTP/1.1 502");
                assertThat(seen).hasSize(3);
            }
            gateway.stop();
        }
    }
}

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.RawServer;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An MLflow that fails, refuses or breaks off, and what the caller is told. */
@ExtendWith(VertxExtension.class)
class UpstreamFaultsIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String PUT =
            "PUT /api/2.0/mlflow-artifacts/artifacts/1/r/a HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n";
    private static final String GET =
            "GET /api/2.0/mlflow/runs/get HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n\r\n";
    private static final String POST = "POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY
            + "\r\nContent-Length: 2\r\n\r\n{}";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 100\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"})
    void neverCompletesAnAnswerThatMlflowCut(String cut, Vertx vertx) throws Exception {
        try (RawServer mlflow = RawMlflow.start((connection, head) -> connection.send("HTTP/1.1 200 OK\r\n" + cut))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(GET);

                // Then
                String answer = caller.readToEnd();
                assertThat(answer).startsWith("HTTP/1.1 200").contains("hello").doesNotContain("\r\n0\r\n\r\n");
            }
            gateway.stop();
        }
    }

    @Test
    void answers504WhenMlflowSendsNoHead(Vertx vertx) throws Exception {
        try (RawServer mlflow = RawMlflow.start((connection, head) -> connection.readToEnd())) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY, "TORII_FORWARD_HEAD_TIMEOUT", "200ms");
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(GET);

                // Then
                assertThat(caller.readUntil("}"))
                        .startsWith("HTTP/1.1 504")
                        .contains("DEADLINE_EXCEEDED", "upstream_timeout");
            }
            gateway.stop();
        }
    }

    @Test
    void answers502WhenNobodyListens(Vertx vertx) throws Exception {
        RawServer gone = RawMlflow.start((connection, head) -> connection.send(OK));
        gone.close();
        TestGateway gateway = TestGateway.start(vertx, gone.url(), KEY);
        try (RawClient caller = new RawClient(gateway.port())) {
            // When
            caller.send(GET);

            // Then
            assertThat(caller.readUntil("}"))
                    .startsWith("HTTP/1.1 502")
                    .contains("upstream_unreachable", "\"blame\":\"MLflow\"", "MLflow cannot be reached")
                    .doesNotContain(String.valueOf(gone.port()));
        }
        gateway.stop();
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void neverPassesARedirectOfAWriteOn(int status, Vertx vertx) throws Exception {
        try (RawServer mlflow = RawMlflow.start((connection, head) ->
                connection.send("HTTP/1.1 " + status + " Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(POST);

                // Then
                assertThat(caller.readUntil("}")).startsWith("HTTP/1.1 502").contains("upstream_broken");
            }
            gateway.stop();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 19\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"})
    void recognisesMlflowsHostRefusal(String framing, Vertx vertx) throws Exception {
        String text = "Invalid Host header";
        String body = framing.startsWith("Content") ? text : "13\r\n" + text + "\r\n0\r\n\r\n";
        try (RawServer mlflow = RawMlflow.start((connection, head) ->
                connection.send("HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n" + framing + body))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(GET);

                // Then
                assertThat(caller.readUntil("}"))
                        .startsWith("HTTP/1.1 501")
                        .contains("upstream_refuses_host", "--allowed-hosts");
            }
            gateway.stop();
        }
    }

    @Test
    void passesAnyOther403On(Vertx vertx) throws Exception {
        try (RawServer mlflow = RawMlflow.start((connection, head) ->
                connection.send("HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 600\r\n\r\n"
                        + "no".repeat(300)))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(GET);

                // Then
                assertThat(caller.readUntil("no".repeat(300))).startsWith("HTTP/1.1 403");
            }
            gateway.stop();
        }
    }

    @Test
    void passesOnTheRefusalOfAModelProviderBehindMlflow(Vertx vertx) throws Exception {
        try (RawServer mlflow = RawMlflow.start((connection, head) ->
                connection.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 19\r\n\r\n{\"detail\":\"no key\"}"))) {
            String auth = StubAuthService.start(vertx).knowing(KEY, "admin").url();
            TestGateway gateway = TestGateway.start(vertx, TestGateway.environment(mlflow.url(), auth));
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send("POST /mlflow/gateway/openai/v1/responses HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY
                        + "\r\nContent-Length: 2\r\n\r\n{}");

                // Then
                assertThat(caller.readUntil("}"))
                        .startsWith("HTTP/1.1 401")
                        .contains("no key")
                        .doesNotContain("X-Torii-Reason");
            }
            gateway.stop();
        }
    }

    @Test
    void neverBlamesTheCallerForMlflowsOwnLogin(Vertx vertx) throws Exception {
        try (RawServer mlflow = RawMlflow.start((connection, head) -> connection.send(
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno"))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            try (RawClient caller = new RawClient(gateway.port())) {
                // When
                caller.send(GET);

                // Then
                assertThat(caller.readUntil("}"))
                        .startsWith("HTTP/1.1 501")
                        .contains("upstream_refuses_account", "Your key is valid")
                        .doesNotContainIgnoringCase("www-authenticate");
            }
            gateway.stop();
        }
    }
}

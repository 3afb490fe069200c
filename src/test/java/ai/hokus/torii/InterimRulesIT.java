package ai.hokus.torii;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.RawServer;
import ai.hokus.torii.support.RawServer.Connection;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Who gets an interim answer (RFC 9110 §15.2) while MLflow takes its time, and who never does.
 *
 * <p>MLflow answers here only when it is told to. That nothing was sent for an interval is seen without a clock: another
 * caller that began to wait later, the witness, has got its interim answers.
 */
class InterimRulesIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String OTHER_KEY = "hk_test_543210zyxwvutsrqponmlkjihgfedcba";
    private static final String PYTHON = "mlflow-python-client/3.17.2";
    private static final String INTERIM = "HTTP/1.1 100 Continue\r\n\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    private static final String BODY = "Content-Length: 5\r\n\r\nhello";
    private static final Pattern LENGTH = Pattern.compile("(?i)\r\ncontent-length: (\\d+)\r\n");
    /** In the path of a request whose answer stops after its head. */
    private static final String HALF = "answered-by-half";
    /** In the path of a request whose connection MLflow drops instead of an answer. */
    private static final String DROPPED = "never-answered";
    /** In the path of the witness's request. */
    private static final String WITNESS = "witness";

    /** Requests that have reached MLflow whole. */
    private final Semaphore arrived = new Semaphore(0);

    private final CountDownLatch told = new CountDownLatch(1);
    private final CompletableFuture<HttpServerResponse> heldVerdict = new CompletableFuture<>();

    private Vertx vertx;
    private StubAuthService auth;
    private RawServer mlflow;
    private TestGateway gateway;

    @BeforeEach
    void start() throws Exception {
        vertx = Vertx.vertx();
        auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        mlflow = RawMlflow.start(this::answer);
        Map<String, String> environment = TestGateway.environment(mlflow.url(), auth.url());
        environment.put("TORII_FORWARD_INTERIM_INTERVAL", "500ms");
        gateway = TestGateway.start(vertx, environment);
    }

    @AfterEach
    void stop() throws Exception {
        told.countDown();
        gateway.stop();
        mlflow.close();
        vertx.close().await(10, SECONDS);
    }

    @ParameterizedTest
    @ValueSource(strings = {BODY, "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"})
    void tellsThePythonClientAgainAndAgainThatItsUploadIsInHand(String body) throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            // Given
            caller.send(put(PYTHON, KEY, "a") + body);

            // When
            String interim = caller.readUntil(INTERIM) + caller.readUntil(INTERIM) + caller.readUntil(INTERIM);
            told.countDown();

            // Then
            assertThat(interim).isEqualTo(INTERIM.repeat(3));
            assertThat(withoutInterim(caller.readUntil("{}"))).startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void reportsAFailureAfterInterimAnswersLikeAnyOther() throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            // Given
            caller.send(put(PYTHON, KEY, DROPPED) + BODY);
            caller.readUntil(INTERIM);

            // When
            told.countDown();

            // Then
            assertThat(withoutInterim(caller.readUntil("}")))
                    .startsWith("HTTP/1.1 502")
                    .contains("upstream_broken");
        }
    }

    @Test
    void sendsNoneToAnotherUserAgent() throws Exception {
        String unnamed = put(PYTHON, KEY, "a").replaceFirst("User-Agent: .*\r\n", "") + BODY;
        Stream<String> named = Stream.of(
                        "python-requests/2.32.3",
                        "curl/8.5.0",
                        "mlflow-java-client/3.17.2",
                        "Mozilla/5.0 mlflow-python-client/3.17.2",
                        "")
                .map(agent -> put(agent, KEY, "a") + BODY);
        assertGetNone(Stream.concat(named, Stream.of(unnamed)).toList());
    }

    @Test
    void sendsNoneToACallerOfHttp10() throws Exception {
        assertGetNone(List.of(put(PYTHON, KEY, "a").replace("HTTP/1.1", "HTTP/1.0") + BODY));
    }

    @Test
    void sendsNoneForAnythingButAPut() throws Exception {
        String rest = put(PYTHON, KEY, "a").replaceFirst("PUT \\S+", "");
        assertGetNone(List.of(
                "GET /api/2.0/mlflow-artifacts/artifacts/1/r/a" + rest + "\r\n",
                "GET /api/2.0/mlflow/runs/get?run_id=1" + rest + "\r\n",
                "POST /api/2.0/mlflow/runs/create" + rest + BODY,
                "POST /api/2.0/mlflow-artifacts/mpu/complete/1/r/a" + rest + BODY,
                "PATCH /api/2.0/mlflow/registered-models/update" + rest + BODY));
    }

    /** Each request on a connection of its own, all at the same time. */
    private void assertGetNone(List<String> requests) throws Exception {
        List<RawClient> callers = new ArrayList<>();
        try {
            // Given requests that wait for MLflow's answer
            for (String request : requests) {
                callers.add(new RawClient(gateway.port()).send(request));
            }
            assertThat(arrived.tryAcquire(requests.size(), 5, SECONDS)).isTrue();

            // When
            letAnIntervalPass();
            told.countDown();

            // Then
            for (int i = 0; i < requests.size(); i++) {
                assertThat(callers.get(i).readUntil("{}"))
                        .as(requests.get(i))
                        .startsWith("HTTP/1.")
                        .contains(" 200 OK\r\n")
                        .doesNotContain("100 Continue");
            }
        } finally {
            for (RawClient caller : callers) {
                caller.close();
            }
        }
    }

    @Test
    void sendsNoneWhileTheBodyIsStillComing() throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            // Given
            caller.send(put(PYTHON, KEY, "a") + "Content-Length: 10\r\n\r\nhello");

            // When
            letAnIntervalPass();

            // Then
            assertThat(caller.available()).isZero();
            caller.send("world");
            assertThat(caller.readUntil(INTERIM)).isEqualTo(INTERIM);
        }
    }

    @Test
    void sendsNoneAfterTheFinalHead() throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            // Given an answer that has begun
            caller.send(put(PYTHON, KEY, HALF) + BODY);
            caller.readUntil(INTERIM);
            told.countDown();
            caller.readUntil("\r\n\r\nha");

            // When
            letAnIntervalPass();

            // Then
            assertThat(caller.available()).isZero();
        }
    }

    @Test
    void sendsNoneBetweenTheAnswerAndTheNextRequest() throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            // Given
            caller.send(put(PYTHON, KEY, "a") + BODY);
            caller.readUntil(INTERIM);
            told.countDown();
            caller.readUntil("{}");

            // When
            letAnIntervalPass();
            caller.send("GET /live HTTP/1.1\r\nHost: h\r\nUser-Agent: " + PYTHON + "\r\nConnection: close\r\n\r\n");

            // Then
            assertThat(caller.readToEnd()).startsWith("HTTP/1.1 200").doesNotContain("100 Continue");
        }
    }

    @Test
    void sendsNoneBeforeTheKeyIsAccepted() throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            // Given an auth service that takes its time about one key
            auth.lying((call, response) -> {
                if (String.valueOf(call.headers().get("Authorization")).contains(OTHER_KEY)) {
                    heldVerdict.complete(response);
                } else {
                    response.end(
                            "{\"is_valid\":true,\"key_id\":\"k\",\"user_id\":\"u\",\"scopes\":[\"mlflow:write\"]}");
                }
            });
            caller.send(put(PYTHON, OTHER_KEY, "a") + BODY);
            HttpServerResponse verdict = heldVerdict.get(5, SECONDS);

            // When
            letAnIntervalPass();
            verdict.setStatusCode(401).end("{\"detail\":\"Invalid or expired API key\"}");

            // Then
            assertThat(caller.readUntil("}")).startsWith("HTTP/1.1 401").doesNotContain("100 Continue");
        }
    }

    /** Ends when another caller, whose wait begins now, has got two: one would come at an interval's end exactly. */
    private void letAnIntervalPass() throws Exception {
        try (RawClient witness = new RawClient(gateway.port())) {
            witness.send(put(PYTHON, KEY, WITNESS) + BODY);
            witness.readUntil(INTERIM);
            witness.readUntil(INTERIM);
        }
    }

    private static String put(String agent, String key, String file) {
        return "PUT /api/2.0/mlflow-artifacts/artifacts/1/r/" + file + " HTTP/1.1\r\nHost: h\r\nUser-Agent: " + agent
                + "\r\nX-API-Key: " + key + "\r\n";
    }

    /** What follows the interim answers. */
    private static String withoutInterim(String answer) {
        return answer.replace(INTERIM, "");
    }

    /** MLflow, which takes a request whole and answers when it is told to, the witness never. */
    private void answer(Connection connection, String head) throws IOException {
        Matcher length = LENGTH.matcher(head);
        connection.read(length.find() ? Integer.parseInt(length.group(1)) : 0);
        if (head.contains(WITNESS)) {
            connection.readToEnd();
            return;
        }
        arrived.release();
        awaitTold();
        if (head.contains(HALF)) {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha");
            connection.readToEnd();
        } else if (!head.contains(DROPPED)) {
            connection.send(OK);
        }
    }

    private void awaitTold() {
        try {
            told.await(20, SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}

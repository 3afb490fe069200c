package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RecordedRequest;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which header fields travel, and which are ours. */
@ExtendWith(VertxExtension.class)
class HeadersIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String SEARCH = "/api/mlflow/api/2.0/mlflow/experiments/search";

    private StubServer mlflow;
    private StubAuthService auth;
    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        mlflow = StubServer.start(vertx);
        auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        gateway = TestGateway.start(vertx, mlflow, auth);
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    private RecordedRequest forwarded(MultiMap headers) throws Exception {
        HttpResponse<Buffer> answer = gateway.get(SEARCH, headers);
        assertThat(answer.statusCode()).isEqualTo(200);
        return mlflow.forwarded().get(0);
    }

    private static MultiMap headers(String... namesAndValues) {
        MultiMap headers = MultiMap.caseInsensitiveMultiMap().add("Authorization", "Bearer " + KEY);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        return headers;
    }

    @Test
    void tellsMlflowWhoAsksAndFromWhere() throws Exception {
        // When
        RecordedRequest seen = forwarded(headers("Host", "gateway.example:8443", "X-Request-Id", "my-id.1"));

        // Then
        assertThat(seen.headers().get("X-Hokusai-User-Id")).isEqualTo("ada");
        assertThat(seen.headers().get("X-Hokusai-API-Key-Id")).isEqualTo("id-of-40");
        assertThat(seen.headers().get("X-Forwarded-For")).isEqualTo("127.0.0.1");
        assertThat(seen.headers().get("X-Forwarded-Proto")).isEqualTo("http");
        assertThat(seen.headers().get("X-Forwarded-Host")).isEqualTo("gateway.example:8443");
        assertThat(seen.headers().get("X-Forwarded-Prefix")).isEqualTo("/api/mlflow");
        assertThat(seen.headers().get("X-Request-Id")).isEqualTo("my-id.1");
        assertThat(seen.headers().get("Host")).isEqualTo("127.0.0.1:" + mlflow.port());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "X-Hokusai-User-Id",
                "x-hokusai-api-key-id",
                "X-User-Id",
                "X-Forwarded-User",
                "X-Remote-User",
                "Remote-User",
                "X-Auth-Request-Email",
                "X-MLflow-Authorization",
                "X-MLflow-Guardrail-Bypass",
                "X-HTTP-Method-Override",
                "Cookie",
                "Origin",
                "Forwarded",
                "X-Real-IP",
                "True-Client-IP",
                "X-Original-URL",
                "SCRIPT_NAME",
                "X_User_Id",
                "X.User.Id",
                "PATH_INFO",
                "Keep-Alive",
                "TE",
                "Upgrade",
                "Proxy-Authorization",
                "X-Torii-Reason"
            })
    void dropsWhatACallerMustNotSay(String name) throws Exception {
        // When
        RecordedRequest seen = forwarded(headers(name, "spoofed"));

        // Then
        assertThat(seen.headers().entries()).noneMatch(field -> field.getValue().contains("spoofed"));
    }

    @Test
    void carriesATraceOnToMlflowAndToTheAuthService() throws Exception {
        // Given
        String id = "0af7651916cd43dd8448eb211c80319c";

        // When
        RecordedRequest seen =
                forwarded(headers("traceparent", "00-" + id + "-b7ad6b7169203331-01", "tracestate", "vendor=1"));

        // Then
        assertThat(seen.headers().getAll("traceparent"))
                .singleElement()
                .asString()
                .matches("00-" + id + "-[0-9a-f]{16}-01")
                .doesNotContain("b7ad6b7169203331");
        assertThat(seen.headers().getAll("tracestate")).containsExactly("vendor=1");
        assertThat(auth.callsAbout(KEY).get(0).headers().get("traceparent"))
                .isEqualTo(seen.headers().get("traceparent"));
    }

    @Test
    void carriesATraceOnWhereTheGatewayAsksInPlaceOfTheCaller() throws Exception {
        // Given
        String id = "0af7651916cd43dd8448eb211c80319c";

        // When
        gateway.get("/api/models", headers("traceparent", "00-" + id + "-b7ad6b7169203331-00"));

        // Then
        assertThat(mlflow.requests())
                .filteredOn(seen -> seen.headers().contains("traceparent"))
                .singleElement()
                .satisfies(
                        seen -> assertThat(seen.headers().get("traceparent")).matches("00-" + id + "-[0-9a-f]{16}-00"));
    }

    @Test
    void beginsATraceWhereTheCallersIsNone() throws Exception {
        // When
        RecordedRequest seen = forwarded(headers("traceparent", "00-" + KEY + "-01", "tracestate", "vendor=1"));

        // Then
        assertThat(seen.headers().getAll("traceparent"))
                .singleElement()
                .asString()
                .matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01");
        assertThat(seen.headers().contains("tracestate")).isFalse();
    }

    @Test
    void replacesForwardedAddresses() throws Exception {
        // When
        RecordedRequest seen = forwarded(
                headers("X-Forwarded-For", "6.6.6.6", "X-Forwarded-Proto", "gopher", "X-Forwarded-Port", "1"));

        // Then
        assertThat(seen.headers().getAll("X-Forwarded-For")).containsExactly("127.0.0.1");
        assertThat(seen.headers().getAll("X-Forwarded-Proto")).containsExactly("http");
        assertThat(seen.headers().contains("X-Forwarded-Port")).isFalse();
    }

    @Test
    void dropsWhatConnectionNames() throws Exception {
        // When
        RecordedRequest seen = forwarded(headers("Connection", "close, X-Hop, X-Forwarded-For", "X-Hop", "1"));

        // Then
        assertThat(seen.headers().contains("X-Hop")).isFalse();
        assertThat(seen.headers().get("X-Forwarded-For")).isEqualTo("127.0.0.1");
    }

    @Test
    void leavesMlflowsOwnFieldsAndRepeatedOnesAlone() throws Exception {
        // When
        RecordedRequest seen = forwarded(headers(
                "X-MLflow-Client-Version",
                "3.17.2",
                "User-Agent",
                "mlflow-python-client/3.17.2",
                "Accept-Encoding",
                "gzip, deflate",
                "x-mlflow-experiment-id",
                "7",
                "Accept",
                "a/b",
                "Accept",
                "c/d"));

        // Then
        assertThat(seen.headers().get("X-MLflow-Client-Version")).isEqualTo("3.17.2");
        assertThat(seen.headers().get("User-Agent")).isEqualTo("mlflow-python-client/3.17.2");
        assertThat(seen.headers().get("Accept-Encoding")).isEqualTo("gzip, deflate");
        assertThat(seen.headers().get("x-mlflow-experiment-id")).isEqualTo("7");
        assertThat(seen.headers().getAll("Accept")).containsExactly("a/b", "c/d");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Bearer ", "ApiKey ", "bearer "})
    void neverSendsTheKeyUpstream(String scheme) throws Exception {
        // Given
        MultiMap headers = MultiMap.caseInsensitiveMultiMap()
                .add("Authorization", scheme + KEY)
                .add("X-API-Key", KEY);

        // When
        RecordedRequest seen = forwarded(headers);

        // Then
        assertThat(seen.headers().entries()).noneMatch(field -> field.getValue().contains("abcdefgh"));
    }

    @Test
    void sendsItsOwnCredentialWhereMlflowWantsOne(Vertx vertx) throws Exception {
        // Given
        Map<String, String> environment = TestGateway.environment(mlflow.url() + "/prefix/", auth.url());
        environment.put("TORII_MLFLOW_USERNAME", "torii");
        environment.put("TORII_MLFLOW_PASSWORD", "s3cret");
        environment.put("TORII_MLFLOW_HOST_HEADER", "mlflow.internal");
        TestGateway withCredential = TestGateway.start(vertx, environment);

        // When
        withCredential.get(SEARCH, headers());

        // Then
        RecordedRequest seen = mlflow.forwarded().get(0);
        String expected = Base64.getEncoder().encodeToString("torii:s3cret".getBytes(StandardCharsets.UTF_8));
        assertThat(seen.headers().getAll("Authorization")).containsExactly("Basic " + expected);
        assertThat(seen.headers().get("Host")).isEqualTo("mlflow.internal");
        assertThat(seen.uri()).isEqualTo("/prefix/api/2.0/mlflow/experiments/search");
        assertThat(mlflow.requests())
                .filteredOn(r -> r.uri().startsWith("/prefix"))
                .allSatisfy(r -> assertThat(r.headers().get("Authorization")).startsWith("Basic "));
        withCredential.stop();
    }

    @Test
    void passesTheAnswersFieldsAndStopsHopByHopOnes() throws Exception {
        // Given
        mlflow.answering((request, response) -> response.putHeader(
                        "Set-Cookie", (Iterable<String>) java.util.List.of("a=1", "b=2"))
                .putHeader("Connection", "X-Hop")
                .putHeader("X-Hop", "1")
                .putHeader("Keep-Alive", "timeout=5")
                .putHeader("Proxy-Authenticate", "Basic")
                .putHeader("X-End", "1")
                .putHeader("ETag", "\"e\"")
                .end("{}"));

        // When
        HttpResponse<Buffer> answer = gateway.get(SEARCH, headers());

        // Then
        assertThat(answer.headers().getAll("Set-Cookie")).containsExactly("a=1", "b=2");
        assertThat(answer.getHeader("X-End")).isEqualTo("1");
        assertThat(answer.getHeader("ETag")).isEqualTo("\"e\"");
        assertThat(answer.headers().names()).doesNotContain("X-Hop", "Keep-Alive", "Proxy-Authenticate");
        assertThat(answer.headers().getAll("X-Request-Id")).hasSize(1);
    }

    @Test
    void turnsMlflowsOwnAddressIntoAPathUnderTheMount() throws Exception {
        // Given
        mlflow.answering((request, response) -> response.setStatusCode(307)
                .putHeader("Location", mlflow.url() + "/api/2.0/mlflow/x?y=1")
                .end());

        // When
        HttpResponse<Buffer> answer = gateway.get(SEARCH, headers());

        // Then
        assertThat(answer.statusCode()).isEqualTo(307);
        assertThat(answer.getHeader("Location")).isEqualTo("/api/mlflow/api/2.0/mlflow/x?y=1");
    }

    @Test
    void namesARequestItselfWhenTheCallersNameIsNone() throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            // When
            caller.send("GET /live HTTP/1.1\r\nHost: h\r\nX-Request-Id: a b<script>\r\n\r\n");

            // Then
            assertThat(caller.readUntil("\r\n\r\n")).containsPattern("X-Request-Id: [0-9a-f]{32}\r\n");
        }
    }
}

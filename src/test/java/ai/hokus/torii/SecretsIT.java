package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No key, nor its base64, nor eight characters of its secret part, in anything the gateway writes. */
@ExtendWith(VertxExtension.class)
class SecretsIT {

    private static final String SECRET = "aZ9kQ2mX7pL4vB8nC1dF6gH3jK5rT0wY";
    private static final String KEY = "hk_live_" + SECRET;
    private static final String WRONG = "hk_live_" + new StringBuilder(SECRET).reverse();
    private static final String CANARY = "hk_test_canaryOfThisTest";
    private static final String ADMIN = "admin-token-of-this-test";
    private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private static final String TRACE_EVERYTHING = "<configuration><appender name=\"c\" class=\"ch.qos.logback.core."
            + "ConsoleAppender\"><encoder><pattern>%level %logger %msg%n</pattern></encoder></appender>"
            + "<root level=\"TRACE\"><appender-ref ref=\"c\"/></root></configuration>";

    /** All that logback hands out, and what the gateway writes by itself, in either format. */
    @ParameterizedTest
    @ValueSource(strings = {"everything", "text", "json"})
    void writesNoPartOfAKeyAnywhere(String log, Vertx vertx, @TempDir Path folder) throws Exception {
        // Given a gateway that logs everything it can
        Path logback = Files.writeString(folder.resolve("logback.xml"), TRACE_EVERYTHING);
        StubServer mlflow = StubServer.start(vertx);
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        Map<String, String> environment = TestGateway.environment(mlflow.url(), auth.url());
        environment.put("TORII_ADMIN_TOKEN", ADMIN);
        environment.put("TORII_AUTH_HTTP_CANARY_KEY", CANARY);
        auth.knowing(CANARY, "mlflow:read");
        environment.put("TORII_AUTH_CACHE_TTL", "1s");
        StringBuilder written = new StringBuilder();
        environment.put("TORII_LOG_FORMAT", log.equals("json") ? "json" : "text");
        environment.put("TORII_LOG_REFUSALS_PER_SECOND", "0");
        String configuration = log.equals("everything") ? "-Dlogback.configurationFile=" + logback : "-Dtorii.test=1";
        try (ToriiProcess torii = ToriiProcess.serve(environment, configuration, "-Dio.netty.noUnsafe=false")) {

            // When keys come in every place, good and bad, where they belong and where they do not
            String basic = Base64.getEncoder().encodeToString(("user:" + KEY).getBytes(StandardCharsets.UTF_8));
            for (String field : List.of(
                    "Authorization: Bearer " + KEY,
                    "Authorization: ApiKey " + KEY,
                    "Authorization: Basic " + basic,
                    "X-API-Key: " + KEY,
                    "X-API-Key: " + WRONG,
                    "Cookie: key=" + KEY,
                    "Authorization: Bearer " + KEY + "\r\nX-API-Key: " + WRONG,
                    "Authorization: Bearer \"" + KEY + " \u00ff",
                    "User-Agent: " + KEY,
                    "X-API-Key: " + KEY + "\r\ntraceparent: 00-" + KEY + "-b7ad6b7169203331-01",
                    "X-API-Key: " + KEY + "\r\ntraceparent: " + TRACE + "\r\ntracestate: a=" + KEY,
                    "X-API-Key: " + KEY + "\r\nX-Request-Id: " + SECRET,
                    "X-API-Key: " + WRONG + "\r\nX-Request-Id: x-" + WRONG.substring(20, 30),
                    "X-Request-Id: "
                            + Base64.getUrlEncoder()
                                    .withoutPadding()
                                    .encodeToString(KEY.getBytes(StandardCharsets.US_ASCII)),
                    "X-Request-Id: " + KEY)) {
                written.append(ask(torii, "/api/2.0/mlflow/runs/get?api_key=" + KEY + "&token=" + WRONG, field));
                written.append(ask(torii, "/nowhere/" + KEY, field));
                written.append(ask(torii, "/nowhere/" + basic, field));
                written.append(ask(torii, "/mlflow/%68%6b%5f" + KEY.substring(3), field));
                written.append(ask(torii, "/mlflow/" + KEY.replace("_", "%5F"), field));
                written.append(ask(torii, "/api/models?api_key=" + KEY + "&x=%", field));
            }
            auth.lying(500, "boom " + KEY);
            written.append(ask(torii, "/api/2.0/mlflow/runs/get", "X-API-Key: " + WRONG + "x"));
            auth.lying((call, response) -> response.reset());
            written.append(ask(torii, "/api/2.0/mlflow/runs/get", "X-API-Key: " + WRONG + "y"));
            for (String token : List.of(ADMIN, KEY, WRONG)) {
                for (String target : List.of("/admin/verdicts/" + KEY, "/admin/verdicts/x?key=" + WRONG)) {
                    written.append(order(torii, "DELETE " + target, token));
                }
                written.append(order(torii, "POST /admin/verdicts/purge", token));
            }
            written.append(askManagement(torii, "/metrics")).append(askManagement(torii, "/ready"));
            torii.terminate();
            torii.awaitExit();
            written.append(torii.output());
        }

        // Then
        for (String secret : List.of(SECRET, new StringBuilder(SECRET).reverse().toString())) {
            for (int i = 0; i + 8 <= secret.length(); i++) {
                assertThat(written).doesNotContain(secret.substring(i, i + 8));
            }
        }
        assertThat(auth.callsAbout(CANARY)).isNotEmpty();
        assertThat(written).doesNotContain(ADMIN).doesNotContain(CANARY);
        String encoded = Base64.getEncoder().encodeToString(("user:" + KEY).getBytes(StandardCharsets.UTF_8));
        assertThat(written)
                .doesNotContain(encoded.substring(12, 40))
                .doesNotContain(Base64.getEncoder()
                        .encodeToString(KEY.getBytes(StandardCharsets.UTF_8))
                        .substring(12, 36))
                .contains("torii.access", "torii.audit", "torii_requests_total");
        assertThat(mlflow.requests())
                .allSatisfy(r -> assertThat(r.headers().toString()).doesNotContain(SECRET.substring(0, 8)));
    }

    private static String ask(ToriiProcess torii, String path, String field) throws Exception {
        return exchange(torii.apiPort(), "GET " + path, field);
    }

    private static String askManagement(ToriiProcess torii, String path) throws Exception {
        return exchange(torii.managementPort(), "GET " + path, "Accept: */*");
    }

    private static String order(ToriiProcess torii, String order, String token) throws Exception {
        return exchange(torii.managementPort(), order, "Authorization: Bearer " + token);
    }

    private static String exchange(int port, String line, String field) throws Exception {
        try (RawClient caller = new RawClient(port)) {
            caller.send(line + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + field + "\r\n\r\n");
            return caller.readToEnd();
        }
    }
}

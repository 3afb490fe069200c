package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The log of a real process, as a collector of logs reads it: line by line, to the end. */
@ExtendWith(VertxExtension.class)
class LogsIT {

    private static final String KEY = "hk_test_TestOnlyTestOnlyTestOnly";
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String ADMIN = "admin-token-of-this-test";
    private static final String MODELS = "/api/mlflow/api/2.0/mlflow/registered-models/";

    private StubServer mlflow;
    private StubAuthService auth;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        mlflow = StubServer.start(vertx);
        auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write", "mlflow:delete");
    }

    private Map<String, String> environment(String... settings) {
        Map<String, String> environment = TestGateway.environment(mlflow.url(), auth.url(), settings);
        environment.put("TORII_ADMIN_TOKEN", ADMIN);
        return environment;
    }

    private static String ask(int port, String line, String... fields) throws Exception {
        try (RawClient caller = new RawClient(port)) {
            caller.send(line + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n"
                    + String.join("\r\n", fields) + (fields.length > 0 ? "\r\n" : "") + "\r\n");
            return caller.readToEnd();
        }
    }

    private static List<JsonObject> lines(ToriiProcess torii) {
        return torii.output().lines().map(JsonObject::new).toList();
    }

    private static List<JsonObject> of(List<JsonObject> lines, String logger) {
        return lines.stream()
                .filter(line -> line.getString("logger").equals(logger))
                .toList();
    }

    private static void end(ToriiProcess torii) throws Exception {
        torii.terminate();
        assertThat(torii.awaitExit()).isZero();
    }

    @Test
    void saysThatAnAnswerOf5xxIsMlflowsOwn() throws Exception {
        // Given
        mlflow.answering(500, "{\"error_code\":\"INTERNAL_ERROR\"}");
        try (ToriiProcess torii = ToriiProcess.serve(environment("TORII_LOG_FORMAT", "json"))) {

            // When
            String answer = ask(torii.apiPort(), "GET " + MODELS + "search", "X-API-Key: " + KEY);
            end(torii);

            // Then
            assertThat(answer).startsWith("HTTP/1.1 500 ").doesNotContain("X-Torii-Reason");
            assertThat(of(lines(torii), "torii.access"))
                    .extracting(line ->
                            line.getInteger("status") + " " + line.getString("reason") + " " + line.getString("blame"))
                    .containsExactly("500 answered_5xx mlflow");
        }
    }

    @Test
    void writesNothingButJsonWhenToldTo() throws Exception {
        // Given
        try (ToriiProcess torii = ToriiProcess.serve(environment("TORII_LOG_FORMAT", "json"))) {
            String key = "X-API-Key: " + KEY;

            // When
            ask(
                    torii.apiPort(),
                    "POST " + MODELS + "create?name=x",
                    key,
                    "traceparent: 00-" + TRACE + "-b7ad6b7169203331-01",
                    "X-Request-Id: create-1");
            ask(torii.apiPort(), "DELETE " + MODELS + "delete", key);
            ask(torii.apiPort(), "GET " + MODELS + "search", key);
            ask(torii.apiPort(), "GET /\"\\'`\u0001\u00e9\u00ff<>", "User-Agent: \u00ff\t\"{}");
            ask(torii.apiPort(), "POST /api/mlflow/api/2.0/mlflow/users/create", key);
            ask(torii.apiPort(), "GET " + MODELS + "search", "X-API-Key: hk_test_unknown");
            ask(torii.managementPort(), "DELETE /admin/verdicts/id-of-32", "Authorization: Bearer " + ADMIN);
            ask(torii.managementPort(), "POST /admin/verdicts/purge", "Authorization: Bearer wrong");
            end(torii);

            // Then
            List<JsonObject> lines = lines(torii);
            assertThat(lines)
                    .allSatisfy(line -> assertThat(line.fieldNames())
                            .startsWith("timestamp")
                            .contains("level", "logger", "message"));
            JsonObject created = of(lines, "torii.access").stream()
                    .filter(line -> line.getString("request").equals("create-1"))
                    .findFirst()
                    .orElseThrow();
            assertThat(created.getValue("status")).isEqualTo(200);
            assertThat(created.getValue("bytes_in")).isEqualTo(0);
            assertThat(created.getValue("total_ms")).isInstanceOf(Double.class);
            assertThat(created.getString("trace")).isEqualTo(TRACE);
            assertThat(created.getString("path")).isEqualTo(MODELS + "create?…");
            assertThat(of(lines, "torii.audit"))
                    .extracting(line -> line.getString("event") + " " + line.getString("outcome") + " "
                            + line.getString("operation") + " " + line.getString("reason") + " "
                            + line.getString("target"))
                    .containsExactly(
                            "registry_change done createRegisteredModel ok null",
                            "deletion done deleteRegisteredModel ok null",
                            "refusal refused createUser scope_missing null",
                            "refusal refused searchRegisteredModels key_refused null",
                            "order done revoke ok id-of-32",
                            "order refused purge admin_refused null");
            JsonObject audited = of(lines, "torii.audit").get(0);
            assertThat(audited.getString("request")).isEqualTo("create-1");
            assertThat(audited.getString("trace")).isEqualTo(TRACE);
            assertThat(audited.getString("client")).isEqualTo("127.0.0.1");
            assertThat(audited.getString("key_id"))
                    .isEqualTo(created.getString("key_id"))
                    .isNotBlank();
        }
    }

    @Test
    void losesNoLineOfTheLastMomentsBeforeASignal() throws Exception {
        for (int attempt = 0; attempt < 3; attempt++) {
            // Given
            try (ToriiProcess torii = ToriiProcess.serve(environment())) {
                // When
                ask(torii.apiPort(), "GET " + MODELS + "search?last", "X-API-Key: " + KEY, "X-Request-Id: the-last");
                end(torii);

                // Then
                assertThat(torii.output()).contains("request=the-last ", " draining", " drained");
            }
        }
    }

    @Test
    void losesNoLineWhenTheStartFails(Vertx vertx) throws Exception {
        // Given a port that is taken, and a warning just before that is found out
        Map<String, String> environment = environment(
                "TORII_LOG_FORMAT",
                "json",
                "TORII_AUTHORIZATION_MODE",
                "report",
                "API_PORT",
                "" + StubServer.start(vertx).port());

        // When
        try (ToriiProcess torii = ToriiProcess.start(environment, List.of(), "serve")) {
            int code = torii.awaitExit();

            // Then
            assertThat(code).isEqualTo(1);
            assertThat(torii.output()).contains("\"message\":\"authorization.mode is report", "cannot start: ");
        }
    }

    @Test
    void leavesOutLinesOfRefusalsInAFloodAndSaysHowMany() throws Exception {
        // Given
        int refusals = 300;
        try (ToriiProcess torii =
                ToriiProcess.serve(environment("TORII_LOG_FORMAT", "json", "TORII_LOG_REFUSALS_PER_SECOND", "5"))) {
            // When
            try (RawClient caller = new RawClient(torii.apiPort())) {
                for (int i = 0; i < refusals; i++) {
                    caller.send("GET " + MODELS + "search HTTP/1.1\r\nHost: h\r\n\r\n");
                    caller.readUntil("\"request_id\"");
                }
            }
            for (int i = 0; i < 30; i++) {
                ask(torii.apiPort(), "GET " + MODELS + "search", "X-API-Key: " + KEY);
                ask(torii.apiPort(), "DELETE " + MODELS + "delete", "X-API-Key: " + KEY);
            }
            Await.until(
                    "the count in the metrics",
                    () -> ask(torii.managementPort(), "GET /metrics")
                            .contains("torii_log_lines_left_out_total{cause=\"flood\"}"));
            end(torii);

            // Then
            List<JsonObject> lines = lines(torii);
            for (String log : List.of("torii.access", "torii.audit")) {
                List<JsonObject> refused = of(lines, log).stream()
                        .filter(line -> "key_missing".equals(line.getString("reason")))
                        .toList();
                int leftOut = of(lines, log).stream()
                        .map(line -> line.getInteger("left_out"))
                        .filter(Objects::nonNull)
                        .mapToInt(Integer::intValue)
                        .sum();
                assertThat(refused).as(log).hasSizeBetween(5, 200);
                assertThat(leftOut + refused.size()).as(log).isEqualTo(refusals);
            }
            Map<String, Long> known = of(lines, "torii.access").stream()
                    .filter(line -> line.getString("key_id") != null)
                    .collect(Collectors.groupingBy(line -> line.getString("operation"), Collectors.counting()));
            assertThat(known).containsEntry("searchRegisteredModels", 30L).containsEntry("deleteRegisteredModel", 30L);
            assertThat(of(lines, "torii.audit").stream().filter(line -> "deletion".equals(line.getString("event"))))
                    .hasSize(30);
        }
    }

    @Test
    void letsAnOperatorsOwnConfigurationOfLogbackWin(@TempDir Path folder) throws Exception {
        // Given
        Path file = Files.writeString(
                folder.resolve("logback.xml"),
                "<configuration><appender name=\"c\" class=\"ch.qos.logback.core.ConsoleAppender\"><encoder>"
                        + "<pattern>mine %logger %msg%n</pattern></encoder></appender>"
                        + "<root level=\"INFO\"><appender-ref ref=\"c\"/></root></configuration>",
                StandardCharsets.UTF_8);
        try (ToriiProcess torii =
                ToriiProcess.serve(environment("TORII_LOG_FORMAT", "json"), "-Dlogback.configurationFile=" + file)) {
            // When
            ask(torii.apiPort(), "GET " + MODELS + "search", "X-API-Key: " + KEY);
            end(torii);

            // Then
            assertThat(torii.output().lines()).allMatch(line -> line.startsWith("mine "));
            assertThat(torii.output()).contains("mine torii.access request=");
        }
    }
}

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.AuthServiceProcess;
import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RecordingMlflow;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A gateway that asks a real auth service, {@code torii auth-service} in a process of its own. */
@ExtendWith(VertxExtension.class)
class AuthServiceIT {

    private static final String SEARCH = "/api/mlflow/api/2.0/mlflow/experiments/search";
    private static final String SECRET = "aZ9kQ2mX7pL4vB8nC1dF6gH3jK5rT0wY";
    private static final String KEY = "hk_live_" + SECRET;
    private static final String UNSEEN = "hk_test_unseen0123456789abcdefghijkl";
    private static final String CREDENTIAL = "svc_Pq8wErt5yUi2oPas9dFg4hJk";

    @TempDir
    private Path folder;

    private RecordingMlflow mlflow;
    private TestGateway gateway;

    @BeforeEach
    void makesKeys() throws Exception {
        mlflow = RecordingMlflow.start((connection, seen) -> connection.send(RecordingMlflow.OK));
        Files.writeString(folder.resolve("credential"), CREDENTIAL + "\n");
        Path keys = Files.writeString(
                folder.resolve("import.yaml"),
                "keys:\n- {key: " + KEY + ", key_id: k-1, user_id: ada, scopes: ['mlflow:write']}\n- {key: " + UNSEEN
                        + ", scopes: ['mlflow:read']}\n");
        torii("keys", "import", "--file", keyFile().toString(), "--from", keys.toString());
    }

    @AfterEach
    void stops() throws Exception {
        if (gateway != null) {
            gateway.stop();
        }
        mlflow.close();
    }

    private Path keyFile() {
        return folder.resolve("keys.yaml");
    }

    private static void torii(String... arguments) throws Exception {
        try (ToriiProcess torii = ToriiProcess.start(Map.of(), List.of(), arguments)) {
            assertThat(torii.awaitExit()).as(torii.output()).isZero();
        }
    }

    private AuthServiceProcess service(String form, String... jvm) throws Exception {
        return form.equals("service")
                ? AuthServiceProcess.start(
                        List.of(jvm),
                        keyFile(),
                        "--form",
                        form,
                        "--service-credential-file",
                        folder.resolve("credential").toString())
                : AuthServiceProcess.start(List.of(jvm), keyFile(), "--form", form);
    }

    /** A gateway that asks in this form and remembers nothing. */
    private void gateway(Vertx vertx, AuthServiceProcess service, String form) throws Exception {
        Map<String, String> environment = TestGateway.environment(mlflow.url(), service.url());
        environment.put("TORII_AUTH_HTTP_FORM", form);
        environment.put("TORII_AUTH_CACHE_TTL", "0s");
        environment.put("TORII_AUTH_CACHE_REFUSED_TTL", "0s");
        if (form.equals("service")) {
            environment.put("TORII_AUTH_HTTP_SERVICE_CREDENTIAL", CREDENTIAL);
        }
        gateway = TestGateway.start(vertx, environment);
    }

    private HttpResponse<Buffer> ask(String key) {
        try {
            return gateway.get(SEARCH, key);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"header", "body", "service"})
    void letsAKeyInUntilItIsRevoked(String form, Vertx vertx) throws Exception {
        // Given
        try (AuthServiceProcess service = service(form)) {
            gateway(vertx, service, form);
            int before = ask(KEY).statusCode();

            // When
            torii("keys", "revoke", "--file", keyFile().toString(), "k-1");

            // Then
            assertThat(before).isEqualTo(200);
            assertThat(mlflow.heads().get(0)).contains("X-Hokusai-User-Id: ada", "X-Hokusai-API-Key-Id: k-1");
            Await.until("the revocation is in force", () -> ask(KEY).statusCode() == 401);
            assertThat(ask(KEY).bodyAsString()).contains("Invalid or expired API key");
            assertThat(gateway.manage("/ready").statusCode()).isEqualTo(200);
            assertThat(service.terminate()).as(service.output()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"header, body", "header, service", "body, header"})
    void answers501WhenTheServiceLooksForTheKeyElsewhere(String asked, String served, Vertx vertx) throws Exception {
        // Given
        try (AuthServiceProcess service = service(served)) {
            gateway(vertx, service, asked);

            // When
            HttpResponse<Buffer> response = ask(KEY);

            // Then
            assertThat(response.statusCode()).isEqualTo(501);
            assertThat(TestGateway.reason(response)).isEqualTo("auth_contract");
            assertThat(gateway.manage("/ready").statusCode()).isEqualTo(503);
            assertThat(mlflow.heads()).isEmpty();
        }
    }

    @Test
    void servesAgainWhenTheServiceIsKilledAndBack(Vertx vertx) throws Exception {
        // Given
        try (AuthServiceProcess service = service("header")) {
            gateway(vertx, service, "header");
            int before = ask(KEY).statusCode();
            service.kill();
            HttpResponse<Buffer> meanwhile = ask(UNSEEN);

            // When
            service.startAgain();

            // Then
            assertThat(before).isEqualTo(200);
            assertThat(meanwhile.statusCode()).isEqualTo(503);
            Await.until("the service is back", () -> ask(UNSEEN).statusCode() == 200);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"header", "service"})
    void writesNoPartOfAKeyOrCredentialAnywhere(String form) throws Exception {
        // Given a service that logs everything it can
        Path logback = Files.writeString(
                folder.resolve("logback.xml"),
                "<configuration><appender name=\"c\" class=\"ch.qos.logback.core.ConsoleAppender\"><encoder><pattern>"
                        + "%level %logger %msg%n</pattern></encoder></appender><root level=\"TRACE\">"
                        + "<appender-ref ref=\"c\"/></root></configuration>");
        String written;
        try (AuthServiceProcess service = service(form, "-Dlogback.configurationFile=" + logback)) {

            // When keys and credentials come in every place, good and bad, whole and cut off
            for (String head : List.of(KEY, KEY + "x", CREDENTIAL, CREDENTIAL + "x", "\"" + KEY + "\u00ff")) {
                for (String body : List.of(
                        "{\"api_key\":\"" + KEY + "\",\"service_id\":\"platform\"}",
                        "{\"api_key\":\"" + KEY + "\",\"service_id\":\"" + KEY + "\",\"required_scope\":\"" + KEY
                                + "\"}",
                        KEY,
                        "{\"api_key\":" + KEY)) {
                    ask(service, "Authorization: Bearer " + head, body, body.length());
                }
            }
            ask(service, "Authorization: Bearer " + KEY, KEY, KEY.length() + 10);
            ask(service, "Broken " + KEY, "", 0);
            assertThat(service.terminate()).isZero();
            written = service.output();
        }

        // Then
        for (String secret : List.of(SECRET, CREDENTIAL.substring(4))) {
            for (int i = 0; i + 8 <= secret.length(); i++) {
                assertThat(written).doesNotContain(secret.substring(i, i + 8));
            }
        }
        assertThat(written).contains("DEBUG", "keys in force");
    }

    private static void ask(AuthServiceProcess service, String field, String body, int length) throws Exception {
        try (RawClient caller = new RawClient(service.port())) {
            caller.send("POST /api/v1/keys/validate?key=" + KEY + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                    + field + "\r\nContent-Length: " + length + "\r\n\r\n" + body);
            if (length == body.length()) {
                assertThat(caller.readToEnd()).startsWith("HTTP/1.1 ");
            }
        }
    }
}

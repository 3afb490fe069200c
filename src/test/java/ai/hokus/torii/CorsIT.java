package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What scripts of other origins may do and read (cors.origins). */
@ExtendWith(VertxExtension.class)
class CorsIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String BASIC = "Basic " + Base64.getEncoder().encodeToString(("token:" + KEY).getBytes());
    private static final String APP = "https://app.example.com";
    private static final String EVIL = "https://evil.example";
    private static final String SEARCH = "/api/2.0/mlflow/experiments/search";

    private StubServer mlflow;
    private TestGateway gateway;

    @BeforeEach
    void startMlflow(Vertx vertx) throws Exception {
        mlflow = StubServer.start(vertx)
                .answering((request, answer) -> answer.putHeader("Vary", "Accept-Encoding")
                        .putHeader("Access-Control-Allow-Origin", "https://any.example")
                        .putHeader("Access-Control-Allow-Credentials", "true")
                        .end("{}"));
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    private void serve(Vertx vertx, String... settings) throws Exception {
        gateway = TestGateway.start(vertx, mlflow.url(), KEY, settings);
    }

    private HttpResponse<Buffer> send(HttpMethod method, String uri, Map<String, String> fields) throws Exception {
        MultiMap headers = MultiMap.caseInsensitiveMultiMap().addAll(fields);
        return gateway.request(method, uri).putHeaders(headers).send().await(10, TimeUnit.SECONDS);
    }

    private HttpResponse<Buffer> preflight(String origin) throws Exception {
        return send(
                HttpMethod.OPTIONS,
                SEARCH,
                Map.of(
                        "Origin", origin,
                        "Access-Control-Request-Method", "POST",
                        "Access-Control-Request-Headers", "authorization,content-type"));
    }

    private static String field(HttpResponse<Buffer> answer, String name) {
        return answer.getHeader("Access-Control-" + name);
    }

    private static List<String> corsFields(HttpResponse<Buffer> answer) {
        return answer.headers().names().stream()
                .filter(name -> name.toLowerCase().startsWith("access-control-"))
                .toList();
    }

    private static List<String> vary(HttpResponse<Buffer> answer) {
        return answer.headers().getAll("Vary");
    }

    @Test
    void answersAPreflightOfAListedOriginWithoutAKey(Vertx vertx) throws Exception {
        // Given
        serve(vertx, "CORS_ORIGINS", "https://other.example, " + APP);

        // When
        HttpResponse<Buffer> answer = preflight(APP);

        // Then
        assertThat(answer.statusCode()).isEqualTo(204);
        assertThat(field(answer, "Allow-Origin")).isEqualTo(APP);
        assertThat(field(answer, "Allow-Methods")).contains("POST", "DELETE", "PATCH");
        assertThat(field(answer, "Allow-Headers")).contains("Authorization", "X-API-Key", "Content-Type");
        assertThat(field(answer, "Max-Age")).isEqualTo("600");
        assertThat(field(answer, "Allow-Credentials")).isNull();
        assertThat(vary(answer))
                .containsExactly("Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
        assertThat(mlflow.forwarded()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                EVIL,
                "https://app.example.com.evil.example",
                "http://app.example.com",
                "https://app.example.com:8443",
                "https://sub.app.example.com",
                "HTTPS://APP.EXAMPLE.COM",
                "null",
                "*"
            })
    void answersAPreflightOfAnyOtherOriginWithoutPermission(String origin, Vertx vertx) throws Exception {
        // Given
        serve(vertx, "CORS_ORIGINS", APP);

        // When
        HttpResponse<Buffer> answer = preflight(origin);

        // Then the missing fields are the refusal (Fetch, CORS check), and a cache keeps it apart from the others
        assertThat(answer.statusCode()).isEqualTo(204);
        assertThat(corsFields(answer)).isEmpty();
        assertThat(vary(answer))
                .containsExactly("Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
    }

    @Test
    void tellsNoPreflightFieldsToAnOptionsThatIsNoPreflight(Vertx vertx) throws Exception {
        // Given
        serve(vertx, "CORS_ORIGINS", APP);

        // When
        HttpResponse<Buffer> answer = send(HttpMethod.OPTIONS, SEARCH, Map.of("Origin", APP));

        // Then
        assertThat(answer.statusCode()).isEqualTo(204);
        assertThat(answer.getHeader("Allow")).contains("POST");
        assertThat(corsFields(answer))
                .containsExactlyInAnyOrder("access-control-allow-origin", "access-control-expose-headers");
        assertThat(vary(answer)).containsExactly("origin");
    }

    @Test
    void letsAListedOriginReadAnAnswerOfMlflowsAndNoneOfItsPermissions(Vertx vertx) throws Exception {
        // Given
        serve(vertx, "CORS_ORIGINS", APP);

        // When
        HttpResponse<Buffer> answer = send(HttpMethod.GET, SEARCH, Map.of("Origin", APP, "X-API-Key", KEY));

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().getAll("Access-Control-Allow-Origin")).containsExactly(APP);
        assertThat(field(answer, "Expose-Headers"))
                .contains("X-Request-Id", "X-Torii-Reason", "Retry-After", "RateLimit");
        assertThat(field(answer, "Allow-Credentials")).isNull();
        assertThat(vary(answer)).containsExactly("origin", "Accept-Encoding");
        assertThat(mlflow.forwarded().get(0).headers().contains("Origin")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {EVIL, ""})
    void saysThatAnswersDifferByOriginToAllOthersToo(String origin, Vertx vertx) throws Exception {
        // Given
        serve(vertx, "CORS_ORIGINS", APP);
        Map<String, String> fields =
                origin.isEmpty() ? Map.of("X-API-Key", KEY) : Map.of("X-API-Key", KEY, "Origin", origin);

        // When
        HttpResponse<Buffer> answer = send(HttpMethod.GET, SEARCH, fields);

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(corsFields(answer)).isEmpty();
        assertThat(vary(answer)).containsExactly("origin", "Accept-Encoding");
    }

    @Test
    void saysNothingOfOriginsWhenNoneIsListed(Vertx vertx) throws Exception {
        // Given
        serve(vertx);

        // When
        HttpResponse<Buffer> answer = send(HttpMethod.GET, SEARCH, Map.of("X-API-Key", KEY, "Origin", APP));

        // Then
        assertThat(corsFields(answer)).isEmpty();
        assertThat(vary(answer)).containsExactly("Accept-Encoding");
        assertThat(corsFields(preflight(APP))).isEmpty();
    }

    @Test
    void letsEveryOriginReadWhenTheListIsAStar(Vertx vertx) throws Exception {
        // Given
        serve(vertx, "CORS_ORIGINS", "*");

        // When
        HttpResponse<Buffer> answer = send(HttpMethod.GET, SEARCH, Map.of("X-API-Key", KEY, "Origin", EVIL));

        // Then one answer is for all, so that it does not differ
        assertThat(field(answer, "Allow-Origin")).isEqualTo("*");
        assertThat(field(answer, "Allow-Credentials")).isNull();
        assertThat(vary(answer)).containsExactly("Accept-Encoding");
        assertThat(field(preflight(EVIL), "Allow-Methods")).contains("POST");
    }

    @ParameterizedTest
    @CsvSource({
        "401, /api/2.0/mlflow/experiments/search, ''",
        "401, /api/2.0/mlflow/experiments/search, hk_test_NoSuchKeyNoSuchKeyNoSuchKey4567",
        "404, /nowhere, hk_test_abcdefghijklmnopqrstuvwxyz012345",
        "405, /ready, hk_test_abcdefghijklmnopqrstuvwxyz012345",
        "413, /api/2.0/mlflow/runs/log-batch, hk_test_abcdefghijklmnopqrstuvwxyz012345",
        "502, /api/2.0/mlflow/runs/create, hk_test_abcdefghijklmnopqrstuvwxyz012345"
    })
    void letsAListedOriginReadWhyItIsRefused(int status, String uri, String key, Vertx vertx) throws Exception {
        // Given
        serve(vertx, "CORS_ORIGINS", APP, "TORII_LIMITS_CONTROL_BODY", "1KiB");
        if (status == 502) {
            mlflow.stop();
        }
        MultiMap fields = MultiMap.caseInsensitiveMultiMap().add("Origin", APP);
        if (!key.isEmpty()) {
            fields.add("X-API-Key", key);
        }

        // When
        HttpResponse<Buffer> answer = gateway.request(HttpMethod.POST, uri)
                .putHeaders(fields)
                .sendBuffer(Buffer.buffer(status == 413 ? "x".repeat(2000) : "{}"))
                .await(10, TimeUnit.SECONDS);

        // Then
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(field(answer, "Allow-Origin")).isEqualTo(APP);
        assertThat(field(answer, "Expose-Headers")).contains("X-Torii-Reason");
        assertThat(vary(answer)).containsExactly("origin");
    }

    @Test
    void lets429AndItsPauseBeRead(Vertx vertx) throws Exception {
        // Given
        serve(vertx, "CORS_ORIGINS", APP, "TORII_AUTH_UNKNOWN_KEYS_RATE", "1", "TORII_AUTH_UNKNOWN_KEYS_BURST", "1");
        send(HttpMethod.GET, SEARCH, Map.of("Origin", APP, "X-API-Key", "hk_test_NoSuchKeyNoSuchKeyNoSuchKey0001"));

        // When
        HttpResponse<Buffer> answer = send(
                HttpMethod.GET, SEARCH, Map.of("Origin", APP, "X-API-Key", "hk_test_NoSuchKeyNoSuchKeyNoSuchKey0002"));

        // Then
        assertThat(answer.statusCode()).isEqualTo(429);
        assertThat(answer.getHeader("Retry-After")).isEqualTo("1");
        assertThat(field(answer, "Allow-Origin")).isEqualTo(APP);
        assertThat(field(answer, "Expose-Headers")).contains("Retry-After");
    }

    /** A browser adds a Basic credential that it keeps to what any page sends; MLflow's own check sees no Origin. */
    @ParameterizedTest
    @CsvSource({
        "POST, https://evil.example, '', 403",
        "POST, null, '', 403",
        "PUT, https://evil.example, cross-site, 403",
        "DELETE, https://sub.gw.example, same-site, 403",
        "PATCH, https://gw.example.evil.example, '', 403",
        "POST, https://gw.example, '', 200",
        "POST, http://gw.example, '', 200",
        "POST, https://gw.example:8443, '', 403",
        "POST, https://name-before-a-proxy.example, same-origin, 200",
        "POST, https://app.example.com, cross-site, 200",
        "GET, https://evil.example, '', 200"
    })
    void refusesAWriteOfAForeignPageWithTheCredentialThatTheBrowserKeeps(
            String method, String origin, String site, int status, Vertx vertx) throws Exception {
        // Given
        serve(vertx, "CORS_ORIGINS", APP, "TORII_AUTHORIZATION_SCOPES_DELETE", "mlflow:write");
        MultiMap fields = MultiMap.caseInsensitiveMultiMap()
                .add("Host", "gw.example")
                .add("Origin", origin)
                .add("Authorization", BASIC);
        if (!site.isEmpty()) {
            fields.add("Sec-Fetch-Site", site);
        }
        String uri = method.equals("GET") || method.equals("POST")
                ? SEARCH
                : method.equals("PATCH")
                        ? "/api/2.0/mlflow/registered-models/update"
                        : "/api/2.0/mlflow-artifacts/artifacts/1/r/f";

        // When
        HttpResponse<Buffer> answer = gateway.request(HttpMethod.valueOf(method), uri)
                .putHeaders(fields)
                .send()
                .await(10, TimeUnit.SECONDS);

        // Then
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(mlflow.forwarded()).hasSize(status == 200 ? 1 : 0);
        if (status == 403) {
            assertThat(answer.getHeader("X-Torii-Reason")).isEqualTo("origin_refused");
            assertThat(corsFields(answer)).isEmpty();
        }
    }

    @Test
    void refusesItAlsoWhereEveryOriginMayRead(Vertx vertx) throws Exception {
        // Given
        serve(vertx, "CORS_ORIGINS", "*");

        // When
        HttpResponse<Buffer> answer = send(HttpMethod.POST, SEARCH, Map.of("Origin", EVIL, "Authorization", BASIC));

        // Then
        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(mlflow.forwarded()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Authorization: Bearer ", "X-API-Key: "})
    void takesAWriteOfAnyOriginWithAKeyThatNoBrowserAdds(String field, Vertx vertx) throws Exception {
        // Given
        serve(vertx);
        int colon = field.indexOf(": ");

        // When a program that is no browser, for a browser would have asked in a preflight, names another origin
        HttpResponse<Buffer> answer = send(
                HttpMethod.POST,
                SEARCH,
                Map.of("Origin", EVIL, field.substring(0, colon), field.substring(colon + 2) + KEY));

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
    }
}

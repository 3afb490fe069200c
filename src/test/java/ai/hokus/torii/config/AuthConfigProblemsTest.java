package ai.hokus.torii.config;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the settings of keys, orders and proxies are refused for. */
@ExtendWith(VertxExtension.class)
class AuthConfigProblemsTest {

    private static final String SECRET = "hunter2-correct-horse";

    private final Map<String, String> environment = new HashMap<>(Map.of(
            "MLFLOW_SERVER_URL", "http://mlflow.test:5000", "HOKUSAI_AUTH_SERVICE_URL", "http://auth.test:8000"));

    private InvalidConfigException refusal(Vertx vertx) {
        return catchThrowableOfType(
                InvalidConfigException.class,
                () -> new ConfigLoader(vertx)
                        .load(Optional.empty(), environment)
                        .await(5, SECONDS));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "TORII_AUTH_HTTP_CANARY_KEY | a key | cannot be a key: it is too long, or holds blanks or quotes",
                "TORII_AUTH_HTTP_KEY_HEADER | Content-Length |"
                        + " has a meaning of its own in HTTP and cannot hold a key: Content-Length",
                "TORII_AUTH_HTTP_KEY_HEADER | X Key | must be one word without separators, but is 'X Key'",
                "TORII_AUTH_HTTP_KEY_SCHEME | a,b | must be one word without separators, but is 'a,b'",
                "TORII_AUTH_HTTP_PATH | /a b | must start with a slash and hold no blanks, but is '/a b'",
                "TORII_AUTH_HTTP_METHOD | delete | must be one of post, put, get, but is 'delete'",
                "TORII_AUTH_HTTP_ANSWER_SCOPES | a..b | must hold dotted paths like user.user_id, but holds 'a..b'",
                "TORII_AUTH_CACHE_STALE_READS | 2h | must be between 0s and 1h, but is '2h'",
                "TORII_AUTH_BREAKER_WINDOW | 500ms | must be between 1s and 5m, but is '500ms'",
                "TORII_AUTH_UNKNOWN_KEYS_RATE | -1 | must be between 0 and 1000000, but is '-1'",
                "TORII_ADMIN_TOKEN | a b | may hold visible ASCII characters only",
                "TORII_API_TRUSTED_PROXIES | 10.0.0.1/8 | must hold ranges like 10.0.0.0/8 or fd00::/8, with no bit set"
                        + " beyond the prefix, but holds '10.0.0.1/8'",
                "TORII_API_TRUSTED_PROXIES | proxy.local | must hold ranges like 10.0.0.0/8 or fd00::/8, with no bit set"
                        + " beyond the prefix, but holds 'proxy.local'"
            })
    void namesASettingOfKeysThatCannotWork(String name, String value, String message, Vertx vertx) {
        // Given
        environment.put(name, value);

        // When
        List<Problem> problems = refusal(vertx).problems();

        // Then
        assertThat(problems).containsExactly(new Problem(name, message));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "redis://:s3cret%zz@h:1",
                "redis://:s3cret@h:99999999",
                "redis://:s3cret@h:port",
                "redis://:s3cret@h:1/0?db=s3cret",
                "redis://:s3cret@h:1/99999999999",
                "http://:s3cret@h:1",
                "s3cret",
                "redis://:s3 cret@h:1"
            })
    void namesARedisAddressThatCannotWorkWithoutPrintingIt(String url, Vertx vertx) {
        // Given
        environment.put("TORII_ADMIN_SHARE_REVOCATIONS", "true");
        environment.put("REDIS_URL", url);

        // When
        InvalidConfigException refusal = refusal(vertx);

        // Then
        assertThat(refusal.problems()).hasSize(1);
        assertThat(refusal)
                .hasMessageContaining("REDIS_URL")
                .hasMessageContaining("must be an address like")
                .message()
                .doesNotContain("s3");
    }

    @Test
    void wantsARedisToShareRevocations(Vertx vertx) {
        // Given
        environment.put("TORII_ADMIN_SHARE_REVOCATIONS", "true");

        // When
        List<Problem> problems = refusal(vertx).problems();

        // Then
        assertThat(problems)
                .containsExactly(
                        new Problem("REDIS_URL", "is not set, but admin.share-revocations carries them through Redis"));
    }

    @Test
    void wantsACanaryKeyWhereNothingElseTellsTheFormsApart(Vertx vertx) {
        // Given
        environment.put("TORII_AUTH_HTTP_FORM", "auto");
        environment.put("TORII_AUTH_HTTP_SERVICE_CREDENTIAL", SECRET);

        // When
        List<Problem> problems = refusal(vertx).problems();

        // Then
        assertThat(problems).extracting(Problem::setting).containsExactly("auth.http.canary-key");
    }

    @Test
    void wantsTheKeyInAHeaderWhereThereIsNoBody(Vertx vertx) {
        // Given
        environment.put("TORII_AUTH_HTTP_FORM", "body");
        environment.put("TORII_AUTH_HTTP_METHOD", "get");

        // When
        List<Problem> problems = refusal(vertx).problems();

        // Then
        assertThat(problems)
                .containsExactly(
                        new Problem("TORII_AUTH_HTTP_METHOD", "'get' has no body, so auth.http.form must be 'header'"));
    }
}

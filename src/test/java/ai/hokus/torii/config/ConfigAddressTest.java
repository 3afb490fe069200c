package ai.hokus.torii.config;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which addresses the gateway may be pointed to. */
@ExtendWith(VertxExtension.class)
class ConfigAddressTest {

    private static final String REMEDY = "; say where MLflow is, e.g. http://mlflow:5000";

    private final Map<String, String> environment = new HashMap<>(Map.of(
            "MLFLOW_SERVER_URL", "http://mlflow.test:5000", "HOKUSAI_AUTH_SERVICE_URL", "http://auth.test:8000"));

    private Loaded load(Vertx vertx) throws Exception {
        return new ConfigLoader(vertx).load(Optional.empty(), environment).await(5, SECONDS);
    }

    private InvalidConfigException refusal(Vertx vertx) {
        return catchThrowableOfType(InvalidConfigException.class, () -> load(vertx));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://mlflow",
                "https://mlflow.test",
                "HTTP://mlflow.test:5000",
                "http://10.0.0.7:5000/",
                "http://[2001:db8::7]:5000",
                "https://mlflow.test/static/prefix"
            })
    void takesAnHttpAddressOfAHost(String url, Vertx vertx) throws Exception {
        // Given
        environment.put("MLFLOW_SERVER_URL", url);

        // When
        Loaded loaded = load(vertx);

        // Then
        assertThat(loaded.config().mlflow().url()).isEqualTo(URI.create(url));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://a.test:5000,http://b.test:5000",
                " http://a.test:5000 , http://b.test:5000/ ",
                "https://a.test/x, https://a.test:5000/x/",
                "HTTP://10.0.0.7,http://[::1]"
            })
    void takesReplicasOfOneSchemeAndPath(String urls, Vertx vertx) throws Exception {
        // Given
        environment.put("MLFLOW_SERVER_URL", urls);

        // When
        Loaded loaded = load(vertx);

        // Then
        assertThat(loaded.config().mlflow().upstreams().urls())
                .containsExactly(Arrays.stream(urls.split(","))
                        .map(url -> URI.create(url.trim()))
                        .toArray(URI[]::new));
        assertThat(loaded.config().mlflow().url()).isEqualTo(URI.create(urls.split(",")[0].trim()));
    }

    @Test
    void takesReplicasAsAListOfTheFile(@TempDir Path folder, Vertx vertx) throws Exception {
        // Given
        environment.remove("MLFLOW_SERVER_URL");
        Path file = Files.writeString(
                folder.resolve("torii.yaml"), "mlflow:\n  url:\n    - http://a.test:5000\n    - http://b.test:5000\n");

        // When
        Loaded loaded =
                new ConfigLoader(vertx).load(Optional.of(file), environment).await(5, SECONDS);

        // Then
        assertThat(loaded.config().mlflow().upstreams().urls())
                .containsExactly(URI.create("http://a.test:5000"), URI.create("http://b.test:5000"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "http://a.test,https://b.test|must hold replicas of one scheme and one path, but 'https://b.test' differs"
                        + " from 'http://a.test'",
                "http://a.test/x,http://b.test/y|must hold replicas of one scheme and one path, but 'http://b.test/y'"
                        + " differs from 'http://a.test/x'",
                "http://a.test,http://A.test:80/|must name each replica once, but names 'http://A.test:80/' again",
                "http://a.test,b.test|must be an http:// or https:// address with a host, but is 'b.test'" + REMEDY,
                "http://a.test,http://ada:hunter2,x@b.test|must not hold a user or password; there are settings of their"
                        + " own for these"
            })
    void refusesReplicasThatAreNotAlike(String urls, String problem, Vertx vertx) {
        // Given
        environment.put("MLFLOW_SERVER_URL", urls);

        // When
        InvalidConfigException refusal = refusal(vertx);

        // Then
        assertThat(refusal.problems()).containsExactly(new Problem("MLFLOW_SERVER_URL", problem));
        assertThat(refusal).message().doesNotContain("hunter2");
    }

    @ParameterizedTest
    @CsvSource({
        "TORII_MLFLOW_DNS_INTERVAL, 99ms, must be between 100ms and 1h",
        "TORII_MLFLOW_PROBE_INTERVAL, 2h, must be between 100ms and 1h",
        "TORII_MLFLOW_PROBE_FAILURES, 0, must be between 1 and 100"
    })
    void refusesAWatchThatMakesNoSense(String name, String value, String problem, Vertx vertx) {
        // Given
        environment.put(name, value);

        // Then
        assertThat(refusal(vertx)).hasMessageContaining(problem + ", but is '" + value + "'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mlflow:5000",
                "mlflow.test",
                "ftp://mlflow.test",
                "file:///etc/passwd",
                "http:///x",
                "http:mlflow",
                "http://mlflow.test?x=1",
                "http://mlflow.test#x",
                "http://my_mlflow:5000"
            })
    void refusesWhatIsNoHttpAddressOfAHost(String url, Vertx vertx) {
        // Given
        environment.put("MLFLOW_SERVER_URL", url);

        // When
        InvalidConfigException refusal = refusal(vertx);

        // Then
        assertThat(refusal.problems())
                .containsExactly(new Problem(
                        "MLFLOW_SERVER_URL",
                        "must be an http:// or https:// address with a host, but is '" + url + "'" + REMEDY));
    }

    @Test
    void saysWhyAnAddressCannotBeRead(Vertx vertx) {
        // Given
        environment.put("MLFLOW_SERVER_URL", "http://mlflow test");

        // When
        InvalidConfigException refusal = refusal(vertx);

        // Then
        assertThat(refusal.problems())
                .containsExactly(new Problem(
                        "MLFLOW_SERVER_URL", "is not an address (Illegal character in authority)" + REMEDY));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://ada:hunter2@mlflow.test:5000",
                "http://hunter2@mlflow.test",
                "ftp://ada:hunter2@mlflow.test",
                "http://ada:hunter2@my_mlflow:5000"
            })
    void refusesACredentialInAnAddressWithoutPrintingIt(String url, Vertx vertx) {
        // Given
        environment.put("MLFLOW_SERVER_URL", url);

        // When
        InvalidConfigException refusal = refusal(vertx);

        // Then
        assertThat(refusal.problems())
                .containsExactly(new Problem(
                        "MLFLOW_SERVER_URL",
                        "must not hold a user or password; there are settings of their own for these"));
        assertThat(refusal).message().doesNotContain("hunter2");
    }

    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 8080, http://localhost:8080",
        "0.0.0.0, 8080, http://127.0.0.1:8080/x",
        "0.0.0.0, 8080, http://[::1]:8080",
        "0.0.0.0, 80, http://localhost",
        "0.0.0.0, 443, https://localhost",
        "torii.test, 8080, http://torii.test:8080"
    })
    void refusesToForwardToItself(String host, String port, String url, Vertx vertx) {
        // Given
        environment.put("API_HOST", host);
        environment.put("API_PORT", port);
        environment.put("MLFLOW_SERVER_URL", url);

        // When
        InvalidConfigException refusal = refusal(vertx);

        // Then
        assertThat(refusal.problems())
                .containsExactly(new Problem(
                        "MLFLOW_SERVER_URL", "points to this gateway itself ('" + url + "' is where it listens)"));
    }

    @Test
    void refusesToAskItselfAboutKeys(Vertx vertx) {
        // Given
        environment.put("HOKUSAI_AUTH_SERVICE_URL", "http://localhost:8080");

        // When
        InvalidConfigException refusal = refusal(vertx);

        // Then
        assertThat(refusal.problems())
                .containsExactly(new Problem(
                        "HOKUSAI_AUTH_SERVICE_URL",
                        "points to this gateway itself ('http://localhost:8080' is where it listens)"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://localhost:5000", "http://torii.test:8080"})
    void forwardsToANeighbourOnTheSameHostOrPort(String url, Vertx vertx) throws Exception {
        // Given
        environment.put("MLFLOW_SERVER_URL", url);

        // When
        Loaded loaded = load(vertx);

        // Then
        assertThat(loaded.config().mlflow().url()).isEqualTo(URI.create(url));
    }

    @Test
    void wantsASlashBeforeThePathOfTheValidationRoute(Vertx vertx) {
        // Given
        environment.put("TORII_AUTH_HTTP_PATH", "api/v1/keys/validate");

        // When
        InvalidConfigException refusal = refusal(vertx);

        // Then
        assertThat(refusal.problems())
                .containsExactly(new Problem(
                        "TORII_AUTH_HTTP_PATH",
                        "must start with a slash and hold no blanks, but is 'api/v1/keys/validate'"));
    }
}

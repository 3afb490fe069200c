package ai.hokus.torii.config;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.torii.config.Loaded.Line;
import ai.hokus.torii.tls.PemFiles;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How the layers become one configuration. What is refused, and in which words: {@link ConfigProblemsTest}. */
@ExtendWith(VertxExtension.class)
class ConfigLoaderTest {

    private static final String SECRET = "hunter2-correct-horse";

    private final Map<String, String> environment = new HashMap<>(Map.of(
            "MLFLOW_SERVER_URL", "http://mlflow.test:5000", "HOKUSAI_AUTH_SERVICE_URL", "http://auth.test:8000"));

    private Loaded load(Vertx vertx, Path file) throws Exception {
        return new ConfigLoader(vertx)
                .load(Optional.ofNullable(file), environment)
                .await(5, SECONDS);
    }

    private static Line line(Loaded loaded, String key) {
        return loaded.lines().stream()
                .filter(l -> l.key().equals(key))
                .findFirst()
                .orElseThrow();
    }

    private static Path file(Path folder, String... lines) throws Exception {
        return Files.writeString(folder.resolve("torii.yaml"), String.join("\n", lines));
    }

    @Test
    void takesEveryDefaultFromThePackedFile(Vertx vertx) throws Exception {
        // Given MLflow's address and the auth source, which have no default

        // When
        GatewayConfig config = load(vertx, null).config();

        // Then
        assertThat(config.api().host()).isEqualTo("0.0.0.0");
        assertThat(config.api().port()).isEqualTo(8080);
        assertThat(config.api().instances()).isEqualTo(Runtime.getRuntime().availableProcessors());
        assertThat(config.api().maxTargetBytes()).isEqualTo(16 * 1024);
        assertThat(config.management()).isEqualTo(new ManagementConfig("127.0.0.1", 8081));
        assertThat(config.mlflow().url()).isEqualTo(URI.create("http://mlflow.test:5000"));
        assertThat(config.mlflow().servesArtifacts()).isTrue();
        assertThat(config.auth().source())
                .isEqualTo(new AuthServiceConfig(
                        URI.create("http://auth.test:8000"),
                        new PeerTls(PemFiles.NONE, Duration.ofSeconds(1)),
                        new AuthServiceConfig.Question(
                                AuthServiceConfig.Method.POST,
                                "/api/v1/keys/validate",
                                AuthServiceConfig.Form.HEADER,
                                "platform",
                                Optional.empty(),
                                "Authorization",
                                "Bearer",
                                true,
                                new AuthServiceConfig.Fields("api_key", "service_id", "client_ip")),
                        new AuthServiceConfig.AnswerPaths(
                                List.of("is_valid"),
                                List.of("key_id"),
                                List.of("user_id", "user.user_id", "user.id"),
                                List.of("scopes", "user.scopes"),
                                List.of("roles", "user.roles"),
                                List.of("is_admin", "user.is_admin"),
                                List.of("rate_limit_per_hour"),
                                List.of("expires_at")),
                        Optional.empty(),
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(3),
                        128));
        assertThat(config.auth().unknownKeys()).isEqualTo(new AuthConfig.UnknownKeys(200, 400, 64));
        assertThat(config.auth().breaker())
                .isEqualTo(new AuthConfig.Breaker(
                        20, Duration.ofSeconds(10), 50, Duration.ofSeconds(2), Duration.ofSeconds(5)));
        assertThat(config.admin()).isEqualTo(new AdminConfig(Optional.empty(), false, Optional.empty()));
        assertThat(config.api().trustedProxies()).isEmpty();
        assertThat(config.auth().cache())
                .isEqualTo(new AuthConfig.Cache(
                        Duration.ofMinutes(1),
                        Duration.ofSeconds(10),
                        Duration.ofMinutes(5),
                        Duration.ofSeconds(60),
                        100_000,
                        20_000));
        assertThat(config.forward().unknownLength()).isEqualTo(ForwardConfig.UnknownLength.SPOOL);
        assertThat(config.forward().artifactHeadTimeout()).isEqualTo(Duration.ofMinutes(15));
        assertThat(config.forward().spool()).isEqualTo(new ForwardConfig.Spool(Optional.empty(), 5L << 30, 10L << 30));
        assertThat(config.corsOrigins()).isEmpty();
        assertThat(config.drain()).isEqualTo(new DrainConfig(Duration.ofSeconds(5), Duration.ofSeconds(30)));
    }

    @Test
    void putsTheFileOverTheDefaultsAndTheEnvironmentOverBoth(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        Path file = file(folder, "auth:", "  cache:", "    ttl: 2m", "    refused-ttl: 5s", "drain:", "  grace: 7s");
        environment.put("TORII_AUTH_CACHE_TTL", "3m");
        environment.put("API_PORT", "9090");

        // When
        Loaded loaded = load(vertx, file);

        // Then
        assertThat(line(loaded, "auth.cache.ttl")).isEqualTo(new Line("auth.cache.ttl", "3m", "TORII_AUTH_CACHE_TTL"));
        assertThat(line(loaded, "api.port")).isEqualTo(new Line("api.port", "9090", "API_PORT"));
        assertThat(line(loaded, "auth.cache.refused-ttl"))
                .isEqualTo(new Line("auth.cache.refused-ttl", "5s", file.toString()));
        assertThat(line(loaded, "drain.grace")).isEqualTo(new Line("drain.grace", "7s", file.toString()));
        assertThat(line(loaded, "drain.delay")).isEqualTo(new Line("drain.delay", "5s", "default"));
        assertThat(line(loaded, "auth.file.path")).isEqualTo(new Line("auth.file.path", "", "not set"));
        assertThat(loaded.config().auth().cache())
                .isEqualTo(new AuthConfig.Cache(
                        Duration.ofMinutes(3),
                        Duration.ofSeconds(5),
                        Duration.ofMinutes(5),
                        Duration.ofSeconds(60),
                        100_000,
                        20_000));
    }

    @Test
    void hasOneLineForEverySettingInTheOrderOfTheCatalogue(Vertx vertx) throws Exception {
        // Given the two settings without a default

        // When
        Loaded loaded = load(vertx, null);

        // Then
        assertThat(loaded.lines())
                .extracting(Line::key)
                .containsExactlyElementsOf(
                        Settings.ALL.stream().map(Settings.Setting::key).toList());
    }

    @Test
    void countsAnEmptyEnvironmentValueAsNotSet(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        environment.put("API_PORT", "");
        environment.put("TORII_DRAIN_GRACE", "  ");
        environment.put("TORII_CONFIG", " ");

        // When
        Loaded loaded = load(vertx, file(folder, "drain:", "  grace: 7s"));

        // Then
        assertThat(line(loaded, "api.port")).isEqualTo(new Line("api.port", "8080", "default"));
        assertThat(line(loaded, "drain.grace").value()).isEqualTo("7s");
    }

    @Test
    void countsAnEmptyFileValueAsNotSet(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        Path file = file(folder, "mlflow:", "  url: ''", "drain:", "  grace:", "auth:", "  file:", "    path: ' '");
        environment.remove("MLFLOW_SERVER_URL");

        // When
        var refusal = catchThrowableOfType(InvalidConfigException.class, () -> load(vertx, file));

        // Then
        assertThat(refusal.problems())
                .containsExactly(
                        new Problem("MLFLOW_SERVER_URL", "is not set; say where MLflow is, e.g. http://mlflow:5000"));
    }

    @Test
    void takesAnAliasAndTheOwnNameThatSayTheSame(Vertx vertx) throws Exception {
        // Given
        environment.put("API_PORT", "9090");
        environment.put("TORII_API_PORT", "9090");

        // When
        Loaded loaded = load(vertx, null);

        // Then
        assertThat(line(loaded, "api.port")).isEqualTo(new Line("api.port", "9090", "TORII_API_PORT"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "TORII_PORT",
                "TORII_PORT_8080_TCP",
                "TORII_PORT_8080_TCP_ADDR",
                "TORII_SERVICE_HOST",
                "TORII_SERVICE_PORT_HTTP"
            })
    void ignoresWhatKubernetesInjectsForAServiceNamedTorii(String name, Vertx vertx) throws Exception {
        // Given
        environment.put(name, "tcp://10.0.0.1:8080");

        // When
        Loaded loaded = load(vertx, null);

        // Then
        assertThat(loaded.config().api().port()).isEqualTo(8080);
    }

    @Test
    void changesNothingForARedisUrlAlone(Vertx vertx) throws Exception {
        // Given
        GatewayConfig without = load(vertx, null).config();
        environment.put("REDIS_URL", "redis://redis.test:6379");

        // When
        GatewayConfig with = load(vertx, null).config();

        // Then
        assertThat(with).isEqualTo(without);
    }

    @Test
    void takesAListFromTheEnvironmentAndFromAFile(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        Path file = file(folder, "cors:", "  origins: [https://a.test, https://b.test]");
        GatewayConfig fromFile = load(vertx, file).config();
        environment.put("CORS_ORIGINS", "https://a.test, https://b.test,,");

        // When
        GatewayConfig fromEnvironment = load(vertx, null).config();

        // Then
        assertThat(fromFile.corsOrigins()).containsExactlyInAnyOrder("https://a.test", "https://b.test");
        assertThat(fromEnvironment.corsOrigins()).isEqualTo(fromFile.corsOrigins());
    }

    @ParameterizedTest
    @CsvSource({
        "mlflow, password, TORII_MLFLOW_PASSWORD",
        "auth.http, service-credential, TORII_AUTH_HTTP_SERVICE_CREDENTIAL"
    })
    void printsNoSecret(String section, String name, String variable, Vertx vertx) throws Exception {
        // Given
        environment.put("TORII_MLFLOW_USERNAME", "torii");
        environment.put("TORII_MLFLOW_PASSWORD", "another");
        environment.put("TORII_AUTH_HTTP_FORM", "service");
        environment.put("TORII_AUTH_HTTP_SERVICE_CREDENTIAL", "another");
        environment.put(variable, SECRET);

        // When
        Loaded loaded = load(vertx, null);

        // Then
        assertThat(line(loaded, section + "." + name))
                .isEqualTo(new Line(section + "." + name, "[redacted]", variable));
        assertThat(loaded.toString()).doesNotContain(SECRET).contains("[redacted]");
        assertThat(loaded.config()
                                .mlflow()
                                .credential()
                                .orElseThrow()
                                .password()
                                .reveal()
                        + ((AuthServiceConfig) loaded.config().auth().source())
                                .question()
                                .serviceCredential()
                                .orElseThrow()
                                .reveal())
                .contains(SECRET);
    }
}

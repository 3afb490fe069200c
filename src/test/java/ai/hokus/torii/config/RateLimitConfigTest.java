package ai.hokus.torii.config;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.torii.config.RateLimitConfig.Mode;
import ai.hokus.torii.config.RateLimitConfig.SharedStore;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** How the limits of keys are read, and what is refused. */
@ExtendWith(VertxExtension.class)
class RateLimitConfigTest {

    private final Map<String, String> environment = new HashMap<>(Map.of(
            "MLFLOW_SERVER_URL", "http://mlflow.test:5000",
            "HOKUSAI_AUTH_SERVICE_URL", "http://auth.test:8000",
            "REDIS_URL", "redis://redis.test"));

    private RateLimitConfig load(Vertx vertx) throws Exception {
        return new ConfigLoader(vertx)
                .load(Optional.empty(), environment)
                .await(5, SECONDS)
                .config()
                .ratelimit();
    }

    private static Arguments row(String name, String value, Object expected, Function<RateLimitConfig, Object> place) {
        return Arguments.of(name, value, expected, place);
    }

    static Stream<Arguments> settings() {
        return Stream.of(
                row("TORII_RATELIMIT_MODE", "enforce", Mode.ENFORCE, RateLimitConfig::mode),
                row("TORII_RATELIMIT_MODE", "off", Mode.OFF, RateLimitConfig::mode),
                row("TORII_RATELIMIT_PER_HOUR", "1000", 1000L, RateLimitConfig::perHour),
                row(
                        "TORII_RATELIMIT_CLASSES",
                        "batch=100000, a=b=0",
                        Map.of("batch", 100_000L, "a=b", 0L),
                        RateLimitConfig::classes),
                row("TORII_RATELIMIT_TRANSFERS_PER_KEY", "4", 4, RateLimitConfig::transfersPerKey),
                row("TORII_RATELIMIT_REFUSED_PER_MINUTE", "0", 0, RateLimitConfig::refusedPerMinute),
                row(
                        "TORII_RATELIMIT_STORE",
                        "redis",
                        Duration.ofMillis(100),
                        c -> c.redis().map(SharedStore::timeout).orElse(Duration.ZERO)));
    }

    @ParameterizedTest
    @MethodSource("settings")
    void arrivesInItsPlace(
            String name, String value, Object expected, Function<RateLimitConfig, Object> place, Vertx vertx)
            throws Exception {
        // Given
        Object before = place.apply(load(vertx));
        environment.put(name, value);

        // When
        RateLimitConfig config = load(vertx);

        // Then
        assertThat(place.apply(config)).isEqualTo(expected).isNotEqualTo(before);
    }

    @Test
    void reportsAndCountsLocallyUnlessToldOtherwise(Vertx vertx) throws Exception {
        // Given an address of Redis, which alone switches nothing on

        // When
        RateLimitConfig config = load(vertx);

        // Then
        assertThat(config).isEqualTo(new RateLimitConfig(Mode.REPORT, 0, Map.of(), 0, 600, Optional.empty()));
    }

    @Test
    void waitsForRedisAsLongAsItIsTold(Vertx vertx) throws Exception {
        // Given
        environment.put("TORII_RATELIMIT_STORE", "redis");
        environment.put("TORII_RATELIMIT_REDIS_TIMEOUT", "30ms");

        // When
        RateLimitConfig config = load(vertx);

        // Then
        assertThat(config.redis().orElseThrow().timeout()).isEqualTo(Duration.ofMillis(30));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "TORII_RATELIMIT_MODE | on | must be one of off, report, enforce, but is 'on'",
                "TORII_RATELIMIT_PER_HOUR | -1 | must be between 0 and 1000000000, but is '-1'",
                "TORII_RATELIMIT_CLASSES | batch | must hold scopes with requests an hour, like batch=100000, but holds"
                        + " 'batch'",
                "TORII_RATELIMIT_CLASSES | =5 | must hold scopes with requests an hour, like batch=100000, but holds"
                        + " '=5'",
                "TORII_RATELIMIT_CLASSES | a=-5 | must hold scopes with requests an hour, like batch=100000, but holds"
                        + " 'a=-5'",
                "TORII_RATELIMIT_CLASSES | a=1,a=2 | names the scope 'a' twice",
                "TORII_RATELIMIT_TRANSFERS_PER_KEY | x | must be a whole number, but is 'x'",
                "TORII_RATELIMIT_REFUSED_PER_MINUTE | 1000001 | must be between 0 and 1000000, but is '1000001'",
                "TORII_RATELIMIT_STORE | memcached | must be one of local, redis, but is 'memcached'",
                "TORII_RATELIMIT_REDIS_TIMEOUT | 1ms | must be between 10ms and 5s, but is '1ms'"
            })
    void namesWhatCannotWork(String name, String value, String message, Vertx vertx) {
        // Given
        environment.put(name, value);

        // When
        InvalidConfigException refusal = catchThrowableOfType(InvalidConfigException.class, () -> load(vertx));

        // Then
        assertThat(refusal.problems()).containsExactly(new Problem(name, message));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "redis://:s3cret%zz@h:1 | REDIS_URL | must be an address like redis://:password@redis:6379/0",
                "'' | REDIS_URL | is not set, but ratelimit.store 'redis' counts there"
            })
    void namesARedisThatCannotBeFound(String url, String name, String message, Vertx vertx) {
        // Given
        environment.put("TORII_RATELIMIT_STORE", "redis");
        environment.put("REDIS_URL", url);

        // When
        InvalidConfigException refusal = catchThrowableOfType(InvalidConfigException.class, () -> load(vertx));

        // Then
        assertThat(refusal.problems()).singleElement().satisfies(problem -> {
            assertThat(problem.setting()).isEqualTo(name);
            assertThat(problem.message()).startsWith(message);
        });
        assertThat(refusal).hasMessageNotContaining("s3cret");
    }
}

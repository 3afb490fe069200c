package ai.hokus.torii.config;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.Values.Value;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValuesTest {

    private final List<Problem> problems = new ArrayList<>();

    private Values holding(String key, String text, String label) {
        return new Values(Map.of(key, new Value(text, "test", label)), problems);
    }

    private Values holding(String key, String text) {
        return holding(key, text, key);
    }

    @ParameterizedTest
    @CsvSource({
        "500ms, 500",
        "30s, 30000",
        "15m, 900000",
        "2h, 7200000",
        "1d, 86400000",
        "1.5s, 1500",
        "0s, 0",
        "0ms, 0",
        "' 5 s ', 5000",
        "0.5m, 30000"
    })
    void readsATimeWithItsUnit(String text, long millis) {
        // Given
        Values values = holding("drain.grace", text);

        // When
        Duration read = values.duration("drain.grace", Duration.ZERO, Duration.ofDays(2));

        // Then
        assertThat(read).isEqualTo(Duration.ofMillis(millis));
        assertThat(problems).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "3600, must be between 0s and 10m but is '3600' (no unit)",
        "1.5, must be between 0s and 10m but is '1.5' (no unit)",
        "0, must be between 0s and 10m but is '0' (no unit)",
        "-5s, must be between 0s and 10m but is '-5s'",
        "5S, must be between 0s and 10m but is '5S'",
        "5min, must be between 0s and 10m but is '5min'",
        "s, must be between 0s and 10m but is 's'",
        "1e3s, must be between 0s and 10m but is '1e3s'",
        "1.2.3s, must be between 0s and 10m but is '1.2.3s'",
        "0.0001s, must be between 0s and 10m but is '0.0001s'",
        "601s, must be between 0s and 10m but is '601s'",
        "99999999999999999999d, must be between 0s and 10m but is '99999999999999999999d'",
        "'٣s', must be between 0s and 10m but is '٣s'"
    })
    void refusesATimeThatIsNoneOrOutOfRange(String text, String message) {
        // Given
        Values values = holding("auth.cache.ttl", text);

        // When
        values.duration("auth.cache.ttl", Duration.ZERO, Duration.ofMinutes(10));

        // Then
        String withComma = message.replace(" but is", ", but is");
        assertThat(problems).containsExactly(new Problem("auth.cache.ttl", withComma));
    }

    @ParameterizedTest
    @CsvSource({
        "10ms, 2500ms, must be between 10ms and 2500ms",
        "1s, 90s, must be between 1s and 90s",
        "1m, 1h, must be between 1m and 1h"
    })
    void writesTheBoundsOfATimeInTheirLargestWholeUnit(String min, String max, String beginning) {
        // Given
        Values bounds = new Values(
                Map.of("drain.delay", new Value(min, "", ""), "drain.grace", new Value(max, "", "")), problems);
        Duration from = bounds.duration("drain.delay", Duration.ZERO, Duration.ofDays(1));
        Duration to = bounds.duration("drain.grace", Duration.ZERO, Duration.ofDays(1));

        // When
        holding("api.idle-timeout", "9d").duration("api.idle-timeout", from, to);

        // Then
        assertThat(problems).containsExactly(new Problem("api.idle-timeout", beginning + ", but is '9d'"));
    }

    @ParameterizedTest
    @CsvSource({"5, 5000", "0.5, 500", "5s, 5000", "250ms, 250"})
    void takesBareSecondsUnderThePlatformsNameOfTheAuthTimeout(String text, long millis) {
        // Given
        Values values = holding("auth.http.timeout", text, "AUTH_SERVICE_TIMEOUT");

        // When
        Duration read = values.duration("auth.http.timeout", Duration.ofMillis(10), Duration.ofMinutes(1));

        // Then
        assertThat(read).isEqualTo(Duration.ofMillis(millis));
        assertThat(problems).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"auth.http.timeout", "TORII_AUTH_HTTP_TIMEOUT"})
    void takesNoBareSecondsUnderAnotherNameOfTheAuthTimeout(String label) {
        // Given
        Values values = holding("auth.http.timeout", "5", label);

        // When
        values.duration("auth.http.timeout", Duration.ofMillis(10), Duration.ofMinutes(1));

        // Then
        assertThat(problems).containsExactly(new Problem(label, "must be between 10ms and 1m, but is '5' (no unit)"));
    }

    @ParameterizedTest
    @CsvSource({"1024B, 1024", "64KiB, 65536", "0.5MiB, 524288", "5GiB, 5368709120", "1TiB, 1099511627776"})
    void readsASizeWithItsUnit(String text, long bytes) {
        // Given
        Values values = holding("spool.max-body", text);

        // When
        long read = values.bytes("spool.max-body", 1, 1L << 50);

        // Then
        assertThat(read).isEqualTo(bytes);
        assertThat(problems).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "65536, must be between 64KiB and 1024TiB but is '65536' (no unit)",
        "64KB, must be between 64KiB and 1024TiB but is '64KB'",
        "64kib, must be between 64KiB and 1024TiB but is '64kib'",
        "63KiB, must be between 64KiB and 1024TiB but is '63KiB'",
        "2000TiB, must be between 64KiB and 1024TiB but is '2000TiB'",
        "-1GiB, must be between 64KiB and 1024TiB but is '-1GiB'",
        "70000.5B, must be between 64KiB and 1024TiB but is '70000.5B'"
    })
    void refusesASizeThatIsNoneOrOutOfRange(String text, String message) {
        // Given
        Values values = holding("spool.max-body", text);

        // When
        values.bytes("spool.max-body", 1 << 16, 1L << 50);

        // Then
        String withComma = message.replace(" but is", ", but is");
        assertThat(problems).containsExactly(new Problem("spool.max-body", withComma));
    }

    @ParameterizedTest
    @CsvSource({
        "65536, must be between 0 and 65535; but is '65536'",
        "-1, must be between 0 and 65535; but is '-1'",
        "80a, must be a whole number; but is '80a'",
        "1.0, must be a whole number; but is '1.0'",
        "99999999999, must be a whole number; but is '99999999999'"
    })
    void refusesANumberThatIsNoneOrOutOfRange(String text, String message) {
        // Given
        Values values = holding("api.port", text, "API_PORT");

        // When
        values.integer("api.port", "TCP port", 0, 65_535);

        // Then
        assertThat(problems).containsExactly(new Problem("API_PORT", message.replace(';', ',')));
    }

    @ParameterizedTest
    @CsvSource({"true, true", "TRUE, true", "false, false", "False, false"})
    void readsTrueAndFalseInAnyCase(String text, boolean expected) {
        // Given
        Values values = holding("mlflow.serve-artifacts", text);

        // When
        boolean read = values.bool("mlflow.serve-artifacts");

        // Then
        assertThat(read).isEqualTo(expected);
        assertThat(problems).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "yes", "on", "0"})
    void refusesEveryOtherWordForTrueOrFalse(String text) {
        // Given
        Values values = holding("mlflow.serve-artifacts", text, "MLFLOW_SERVE_ARTIFACTS");

        // When
        values.bool("mlflow.serve-artifacts");

        // Then
        assertThat(problems)
                .containsExactly(new Problem("MLFLOW_SERVE_ARTIFACTS", "must be true or false, but is '" + text + "'"));
    }
}

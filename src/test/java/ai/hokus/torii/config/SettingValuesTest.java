package ai.hokus.torii.config;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A value arrives in the place of the configuration that the setting's name promises, and in no other. */
@ExtendWith(VertxExtension.class)
class SettingValuesTest {

    private static Arguments row(String name, String value, Object expected, Function<GatewayConfig, Object> place) {
        return Arguments.of(name, value, expected, place);
    }

    private static AuthServiceConfig service(GatewayConfig config) {
        return (AuthServiceConfig) config.auth().source();
    }

    static Stream<Arguments> settings() {
        return Stream.of(
                row("TORII_API_MAX_HEAD", "48KiB", 48 * 1024, c -> c.api().maxHeadBytes()),
                row(
                        "TORII_MANAGEMENT_HOST",
                        "127.0.0.9",
                        "127.0.0.9",
                        c -> c.management().host()),
                row(
                        "TORII_MLFLOW_DNS_INTERVAL",
                        "7s",
                        Duration.ofSeconds(7),
                        c -> c.mlflow().upstreams().dnsInterval()),
                row(
                        "TORII_MLFLOW_PROBE_INTERVAL",
                        "3s",
                        Duration.ofSeconds(3),
                        c -> c.mlflow().upstreams().probeInterval()),
                row(
                        "TORII_MLFLOW_PROBE_FAILURES",
                        "4",
                        4,
                        c -> c.mlflow().upstreams().probeFailures()),
                row(
                        "TORII_AUTH_HTTP_KEEP_ALIVE",
                        "7s",
                        Duration.ofSeconds(7),
                        c -> service(c).keepAlive()),
                row(
                        "TORII_AUTH_CACHE_MAX_ENTRIES",
                        "123",
                        123L,
                        c -> c.auth().cache().maxEntries()),
                row(
                        "TORII_AUTH_CACHE_MAX_REFUSED_ENTRIES",
                        "45",
                        45L,
                        c -> c.auth().cache().maxRefusedEntries()),
                row(
                        "TORII_AUTH_UNKNOWN_KEYS_AT_ONCE",
                        "67",
                        67,
                        c -> c.auth().unknownKeys().atOnce()),
                row(
                        "TORII_AUTH_BREAKER_MIN_CALLS",
                        "89",
                        89,
                        c -> c.auth().breaker().minCalls()),
                row(
                        "TORII_AUTH_BREAKER_FAILURE_PERCENT",
                        "31",
                        31,
                        c -> c.auth().breaker().failurePercent()),
                row(
                        "TORII_AUTHORIZATION_SCOPES_EXPLAIN",
                        "may:ask",
                        Set.of("may:ask"),
                        c -> c.authorization().scopes().explain()),
                row(
                        "TORII_AUTH_BREAKER_RAMP",
                        "9s",
                        Duration.ofSeconds(9),
                        c -> c.auth().breaker().ramp()));
    }

    @ParameterizedTest
    @MethodSource("settings")
    void arrivesInItsPlace(
            String name, String value, Object expected, Function<GatewayConfig, Object> place, Vertx vertx)
            throws Exception {
        // Given
        Map<String, String> environment = new HashMap<>(Map.of(
                "MLFLOW_SERVER_URL", "http://mlflow.test:5000", "HOKUSAI_AUTH_SERVICE_URL", "http://auth.test:8000"));
        Object before = place.apply(load(vertx, environment));
        environment.put(name, value);

        // When
        GatewayConfig config = load(vertx, environment);

        // Then
        assertThat(place.apply(config)).isEqualTo(expected).isNotEqualTo(before);
    }

    @ParameterizedTest
    @CsvSource({
        "MLFLOW_CLIENT_CERT_PATH, mlflow.client-key-path",
        "MLFLOW_CLIENT_KEY_PATH, mlflow.client-cert-path",
    })
    void halfAClientCertificateIsAProblem(String name, String otherHalf, Vertx vertx) {
        // Given
        Map<String, String> environment = new HashMap<>(Map.of(
                "MLFLOW_SERVER_URL", "https://mlflow.test", "HOKUSAI_AUTH_SERVICE_URL", "http://auth.test:8000"));
        environment.put(name, "pom.xml");

        // Then
        assertThatThrownBy(() -> load(vertx, environment))
                .hasMessageContaining(Settings.byKey(otherHalf).label())
                .hasMessageContaining("the other half of the client certificate is");
    }

    private static GatewayConfig load(Vertx vertx, Map<String, String> environment) throws Exception {
        return new ConfigLoader(vertx)
                .load(Optional.empty(), environment)
                .await(5, SECONDS)
                .config();
    }
}

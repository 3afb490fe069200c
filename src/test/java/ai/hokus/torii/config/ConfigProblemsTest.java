package ai.hokus.torii.config;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Files;
import java.nio.file.Path;
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

/** What a configuration is refused for, in the words an operator reads. */
@ExtendWith(VertxExtension.class)
class ConfigProblemsTest {

    private static final String SECRET = "hunter2-correct-horse";

    private final Map<String, String> environment = new HashMap<>(Map.of(
            "MLFLOW_SERVER_URL", "http://mlflow.test:5000", "HOKUSAI_AUTH_SERVICE_URL", "http://auth.test:8000"));

    private InvalidConfigException refusal(Vertx vertx, Path file) {
        return catchThrowableOfType(
                InvalidConfigException.class,
                () -> new ConfigLoader(vertx)
                        .load(Optional.ofNullable(file), environment)
                        .await(5, SECONDS));
    }

    private List<Problem> problems(Vertx vertx, Path file) {
        return refusal(vertx, file).problems();
    }

    private static Path file(Path folder, String... lines) throws Exception {
        return Files.writeString(folder.resolve("torii.yaml"), String.join("\n", lines));
    }

    @Test
    void saysOnOnePageWhatKeepsItFromStarting(Vertx vertx) {
        // Given
        environment.remove("MLFLOW_SERVER_URL");
        environment.put("TORII_AUTH_CACHE_TTL", "3600");

        // When
        InvalidConfigException refusal = refusal(vertx, null);

        // Then
        assertThat(refusal).hasMessage("""
                cannot start: 2 problems in the configuration
                  MLFLOW_SERVER_URL      is not set; say where MLflow is, e.g. http://mlflow:5000
                  TORII_AUTH_CACHE_TTL   must be between 0s and 10m, but is '3600' (no unit)""");
    }

    @Test
    void saysOneProblemInTheSingular(Vertx vertx) {
        // Given
        environment.put("API_PORT", "http");

        // When
        InvalidConfigException refusal = refusal(vertx, null);

        // Then
        assertThat(refusal).hasMessage("""
                cannot start: 1 problem in the configuration
                  API_PORT   must be a whole number, but is 'http'""");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "https://app.example.com/|but an origin is scheme://host",
                "https://app.example.com/path|but an origin is scheme://host",
                "app.example.com|but an origin is scheme://host",
                "https://App.example.com|but an origin is scheme://host",
                "https://user@app.example.com|but an origin is scheme://host",
                "https://*.example.com|but an origin is scheme://host",
                "https://app.example.com:443|but browsers leave out the port",
                "http://app.example.com:80|but browsers leave out the port",
                "null|which any page can claim to be",
                "*, https://app.example.com|* alone allows every origin"
            })
    void refusesWhatNoBrowserSendsAsAnOrigin(String origins, String why, Vertx vertx) {
        // Given
        environment.put("CORS_ORIGINS", origins);

        // When
        InvalidConfigException refusal = refusal(vertx, null);

        // Then
        assertThat(refusal).hasMessageContaining("CORS_ORIGINS").hasMessageContaining(why);
    }

    @Test
    void namesTheProblemsOfAllLayersAtOnce(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        Path file = file(folder, "api:", "  prot: 80", "drain:", "  grace: soon", "spool:", "  max-body: 5GB");
        environment.remove("HOKUSAI_AUTH_SERVICE_URL");
        environment.put("TORII_CACHE_TTL", "1m");
        environment.put("MLFLOW_SERVE_ARTIFACTS", "yes");

        // When
        List<Problem> problems = problems(vertx, file);

        // Then
        assertThat(problems)
                .extracting(Problem::setting)
                .containsExactlyInAnyOrder(
                        "api.prot",
                        "drain.grace",
                        "spool.max-body",
                        "HOKUSAI_AUTH_SERVICE_URL",
                        "TORII_CACHE_TTL",
                        "MLFLOW_SERVE_ARTIFACTS");
    }

    @ParameterizedTest
    @CsvSource({
        "api, prot: 80, api.prot, ; did you mean api.port?",
        "mlflow, uri: http://x, mlflow.uri, ; did you mean mlflow.url?",
        "drain, graze: 1s, drain.graze, ; did you mean drain.grace?",
        "completely, different: 1, completely.different, ''"
    })
    void namesTheNearestKeyForAnUnknownOne(
            String section, String line, String key, String hint, Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        Path file = file(folder, section + ":", "  " + line);

        // When
        List<Problem> problems = problems(vertx, file);

        // Then
        assertThat(problems).containsExactly(new Problem(key, "is no setting" + hint + " (in " + file + ")"));
    }

    @ParameterizedTest
    @CsvSource({
        "TORII_CACHE_TTL, ; did you mean TORII_AUTH_CACHE_TTL?",
        "TORII_API_PROT, ; did you mean TORII_API_PORT?",
        "TORII_MLFLOW_URI, ; did you mean TORII_MLFLOW_URL?",
        "TORII_A, ''"
    })
    void namesTheNearestNameForAnUnknownOneOfTheEnvironment(String name, String hint, Vertx vertx) {
        // Given
        environment.put(name, "1m");

        // When
        List<Problem> problems = problems(vertx, null);

        // Then
        assertThat(problems).containsExactly(new Problem(name, "is no setting" + hint));
    }

    @Test
    void refusesAnAliasAndTheOwnNameThatDiffer(Vertx vertx) {
        // Given
        environment.put("API_PORT", "9090");
        environment.put("TORII_API_PORT", "9091");

        // When
        List<Problem> problems = problems(vertx, null);

        // Then
        assertThat(problems)
                .containsExactly(new Problem("TORII_API_PORT", "and API_PORT say different things; set one of them"));
    }

    @Test
    void wantsAnAuthSource(Vertx vertx) {
        // Given
        environment.remove("HOKUSAI_AUTH_SERVICE_URL");

        // When
        List<Problem> problems = problems(vertx, null);

        // Then
        assertThat(problems)
                .containsExactly(new Problem(
                        "HOKUSAI_AUTH_SERVICE_URL",
                        "is not set; say where the auth service is, e.g. http://auth:8000, or name a key file in"
                                + " TORII_AUTH_FILE_PATH"));
    }

    @Test
    void refusesTwoAuthSources(Vertx vertx) {
        // Given
        environment.put("TORII_AUTH_FILE_PATH", "/etc/torii/keys.yaml");

        // When
        List<Problem> problems = problems(vertx, null);

        // Then
        assertThat(problems)
                .containsExactly(new Problem(
                        "TORII_AUTH_FILE_PATH", "and the auth service are both set; keep exactly one auth source"));
    }

    @ParameterizedTest
    @CsvSource({
        "TORII_MLFLOW_USERNAME, mlflow.password, is not set but the other half of the credential is",
        "TORII_MLFLOW_PASSWORD, mlflow.username, is not set but the other half of the credential is",
        "TORII_AUTH_HTTP_SERVICE_CREDENTIAL, TORII_AUTH_HTTP_SERVICE_CREDENTIAL,"
                + " is set but only auth.http.form 'service' or 'auto' sends it"
    })
    void refusesHalfACredentialWithoutPrintingIt(String name, String label, String message, Vertx vertx) {
        // Given
        environment.put(name, SECRET);

        // When
        InvalidConfigException refusal = refusal(vertx, null);

        // Then
        assertThat(refusal.problems()).containsExactly(new Problem(label, message.replace(" but ", ", but ")));
        assertThat(refusal).message().doesNotContain(SECRET);
    }

    @Test
    void wantsTheCredentialThatTheFormServiceSends(Vertx vertx) {
        // Given
        environment.put("TORII_AUTH_HTTP_FORM", "service");

        // When
        List<Problem> problems = problems(vertx, null);

        // Then
        assertThat(problems)
                .containsExactly(new Problem(
                        "auth.http.service-credential", "is not set, but auth.http.form 'service' sends it"));
    }

    @Test
    void refusesASecretThatYamlReadsAsANumber(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        Path file = file(folder, "mlflow:", "  username: torii", "  password: 0123456");

        // When
        InvalidConfigException refusal = refusal(vertx, file);

        // Then
        assertThat(refusal.problems()).contains(new Problem("mlflow.password", "must be a text in quotes"));
        assertThat(refusal).message().doesNotContain("123456").doesNotContain("42798");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "TORII_LOG_FORMAT|xml|must be one of text, json, but is 'xml'",
                "TORII_LOG_REFUSALS_PER_SECOND|-1|must be between 0 and 1000000, but is '-1'",
                "TORII_LOG_REFUSALS_PER_SECOND|1/s|must be a whole number, but is '1/s'"
            })
    void namesWhatTheLogCanBe(String name, String value, String message, Vertx vertx) {
        // Given
        environment.put(name, value);

        // When
        List<Problem> problems = problems(vertx, null);

        // Then
        assertThat(problems).containsExactly(new Problem(name, message));
    }

    @ParameterizedTest
    @ValueSource(strings = {"HEADER", "bearer", "Auto"})
    void namesTheFormsOfTheAuthContract(String form, Vertx vertx) {
        // Given
        environment.put("TORII_AUTH_HTTP_FORM", form);

        // When
        List<Problem> problems = problems(vertx, null);

        // Then
        assertThat(problems)
                .containsExactly(new Problem(
                        "TORII_AUTH_HTTP_FORM", "must be one of header, body, service, auto, but is '" + form + "'"));
    }
}

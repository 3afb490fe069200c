package ai.hokus.torii.config;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.torii.config.Settings.Setting;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A secret may stand in a file of its own. */
@ExtendWith(VertxExtension.class)
class SecretFilesTest {

    @TempDir
    private Path folder;

    private final Map<String, String> environment = new HashMap<>(Map.of(
            "MLFLOW_SERVER_URL", "http://mlflow.test:5000", "HOKUSAI_AUTH_SERVICE_URL", "http://auth.test:8000"));

    private Loaded load(Vertx vertx, Optional<Path> file) throws Exception {
        return new ConfigLoader(vertx).load(file, environment).await(5, SECONDS);
    }

    private InvalidConfigException refusal(Vertx vertx) {
        return catchThrowableOfType(InvalidConfigException.class, () -> load(vertx, Optional.empty()));
    }

    private Path secret(String text) throws Exception {
        return Files.writeString(folder.resolve("secret"), text);
    }

    @Test
    void everySecretMayStandInAFile(Vertx vertx) throws Exception {
        for (Setting setting : Settings.ALL.stream().filter(Setting::isSecret).toList()) {
            // Given
            environment.put(
                    setting.environmentName() + "_FILE",
                    secret("redis://text-of-a-secret\n").toString());
        }
        environment.put("TORII_MLFLOW_USERNAME", "torii");
        environment.put("TORII_AUTH_HTTP_FORM", "auto");

        // When
        Loaded loaded = load(vertx, Optional.empty());

        // Then
        assertThat(loaded.lines())
                .filteredOn(line -> Settings.byKey(line.key()).isSecret())
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line.value()).isEqualTo("[redacted]"))
                .allSatisfy(line -> assertThat(line.origin()).isEqualTo("file " + folder.resolve("secret")));
        assertThat(loaded.config().admin().token()).contains(new Secret("redis://text-of-a-secret"));
    }

    @Test
    void theFileMayBeNamedInTheConfigurationFile(Vertx vertx) throws Exception {
        // Given
        Path config = Files.writeString(
                folder.resolve("torii.yaml"), "admin:\n  token.file: " + secret("  from-a-file-TestOnly\r\n") + "\n");

        // When
        Loaded loaded = load(vertx, Optional.of(config));

        // Then
        assertThat(loaded.config().admin().token()).contains(new Secret("from-a-file-TestOnly"));
        assertThat(loaded.files()).containsExactly(config, folder.resolve("secret"));
    }

    @Test
    void aHigherLayersSecretHidesALowersFile(Vertx vertx) throws Exception {
        // Given
        Path config = Files.writeString(
                folder.resolve("torii.yaml"), "admin:\n  token.file: " + folder.resolve("not-there") + "\n");
        environment.put("TORII_ADMIN_TOKEN", "of-the-environment-TestOnly");

        // When
        Loaded loaded = load(vertx, Optional.of(config));

        // Then
        assertThat(loaded.config().admin().token()).contains(new Secret("of-the-environment-TestOnly"));
    }

    @Test
    void bothInOneLayerAreAProblem(Vertx vertx) throws Exception {
        // Given
        environment.put("REDIS_URL", "redis://one");
        environment.put("REDIS_URL_FILE", secret("redis://two").toString());

        // When
        InvalidConfigException refusal = refusal(vertx);

        // Then
        assertThat(refusal.problems())
                .containsExactly(new Problem("REDIS_URL_FILE", "and REDIS_URL are both set; set one of them"));
    }

    @Test
    void saysWhichFileCannotBeReadAndNothingElse(Vertx vertx) throws Exception {
        // Given
        Path file = folder.resolve("not-there");
        environment.put("TORII_ADMIN_TOKEN_FILE", file.toString());

        // When
        InvalidConfigException refusal = refusal(vertx);

        // Then
        assertThat(refusal.problems())
                .containsExactly(new Problem(
                        "TORII_ADMIN_TOKEN_FILE", "names the file '" + file + "', which cannot be read: no such file"));
    }

    @Test
    void anEmptyFileIsNoSecret(Vertx vertx) throws Exception {
        // Given
        environment.put("TORII_ADMIN_TOKEN_FILE", secret(" \n").toString());

        // When
        InvalidConfigException refusal = refusal(vertx);

        // Then
        assertThat(refusal.getMessage()).contains("TORII_ADMIN_TOKEN_FILE").contains("it is empty");
    }

    @Test
    void aMisspelledNameIsAnsweredWithTheRightOne(Vertx vertx) throws Exception {
        // Given
        environment.put("TORII_ADMIN_TOKN_FILE", "x");

        // When
        InvalidConfigException refusal = refusal(vertx);

        // Then
        assertThat(refusal.getMessage()).contains("did you mean TORII_ADMIN_TOKEN_FILE?");
    }
}

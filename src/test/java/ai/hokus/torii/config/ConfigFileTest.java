package ai.hokus.torii.config;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.torii.config.Settings.Setting;
import io.vertx.core.Context;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** Which files can be read, and that the one we ship names exactly the settings there are. */
@ExtendWith(VertxExtension.class)
class ConfigFileTest {

    private static final Map<String, String> ENVIRONMENT =
            Map.of("MLFLOW_SERVER_URL", "http://mlflow.test:5000", "HOKUSAI_AUTH_SERVICE_URL", "http://auth.test:8000");

    private static Loaded load(Vertx vertx, Path file) throws Exception {
        return new ConfigLoader(vertx).load(Optional.of(file), ENVIRONMENT).await(5, SECONDS);
    }

    private static InvalidConfigException refusal(Vertx vertx, Path file) {
        return catchThrowableOfType(InvalidConfigException.class, () -> load(vertx, file));
    }

    @Test
    void judgesOnNoEventLoopBecauseItLooksIntoFilesOfTls(Vertx vertx) throws Exception {
        // Given
        AtomicBoolean isOnEventLoop = new AtomicBoolean(true);
        ConfigLoader loader = new ConfigLoader(vertx, config -> {
            isOnEventLoop.set(Context.isOnEventLoopThread());
            return List.of();
        });
        Promise<Loaded> loaded = Promise.promise();

        // When it is asked on one, as for a change
        vertx.runOnContext(v -> loader.load(Optional.empty(), ENVIRONMENT).onComplete(loaded));

        // Then
        loaded.future().await(5, SECONDS);
        assertThat(isOnEventLoop).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"*correct-horse", "!correct-horse", "!correct-horse battery"})
    void neverRepeatsASecretWithoutQuotesThatIsANameToYaml(String secret, Vertx vertx, @TempDir Path folder)
            throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("torii.yaml"), "admin:\n  token: " + secret + "\n");

        // When
        InvalidConfigException refusal = refusal(vertx, file);

        // Then
        assertThat(refusal).hasMessageContaining("needs quotes").hasMessageContaining("line 2");
        assertThat(refusal.getMessage()).doesNotContain("correct", "horse");
    }

    @Test
    void findsTheFileThatTheEnvironmentNames(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("torii.yaml"), "api:\n  port: 9999\n");
        Map<String, String> environment = new HashMap<>(ENVIRONMENT);
        environment.put("TORII_CONFIG", file.toString());

        // When
        Loaded loaded =
                new ConfigLoader(vertx).load(Optional.empty(), environment).await(5, SECONDS);

        // Then
        assertThat(loaded.config().api().port()).isEqualTo(9999);
    }

    @Test
    void prefersTheFileOfTheCommandLineToTheOneOfTheEnvironment(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("torii.yaml"), "api:\n  port: 9999\n");
        Map<String, String> environment = new HashMap<>(ENVIRONMENT);
        environment.put("TORII_CONFIG", folder.resolve("not-there.yaml").toString());

        // When
        Loaded loaded =
                new ConfigLoader(vertx).load(Optional.of(file), environment).await(5, SECONDS);

        // Then
        assertThat(loaded.config().api().port()).isEqualTo(9999);
    }

    @Test
    void saysThatAFileIsMissing(Vertx vertx, @TempDir Path folder) {
        // Given
        Path file = folder.resolve("nowhere.yaml");

        // When
        InvalidConfigException refusal = refusal(vertx, file);

        // Then
        assertThat(refusal.problems()).containsExactly(new Problem(file.toString(), "cannot be read: no such file"));
    }

    @Test
    void saysThatAFolderIsNoFile(Vertx vertx, @TempDir Path folder) {
        // Given a folder where the file should be

        // When
        InvalidConfigException refusal = refusal(vertx, folder);

        // Then
        assertThat(refusal.problems())
                .containsExactly(new Problem(folder.toString(), "cannot be read: Is a directory"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "api: [ | line 1: expected the node content, but found '<stream end>'",
                "~drain:\n  grace: 1s\n\tx: 80~ | line 3: found character '\\t(TAB)' that cannot start any token. (Do not use \\t(TAB) for indentation)",
                "~a: 1\n  b: 2~ | line 2: mapping values are not allowed here"
            })
    void saysWhereAFileIsNoYamlAndNamesNoOtherProblem(String text, String why, Vertx vertx, @TempDir Path folder)
            throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("torii.yaml"), text);

        // When
        InvalidConfigException refusal = refusal(vertx, file);

        // Then
        assertThat(refusal.problems()).containsExactly(new Problem(file.toString(), "cannot be read: " + why));
    }

    @ParameterizedTest
    @ValueSource(strings = {"- api", "just a text", "42"})
    void saysThatAFileIsNoMap(String text, Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("torii.yaml"), text);

        // When
        InvalidConfigException refusal = refusal(vertx, file);

        // Then
        assertThat(refusal.problems())
                .containsExactly(new Problem(file.toString(), "cannot be read: it is no map of settings"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# nothing\n", "---\n", "api:\n"})
    void takesAFileThatSetsNothing(String text, Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("torii.yaml"), text);

        // When
        Loaded loaded = load(vertx, file);

        // Then
        assertThat(loaded.config().api().port()).isEqualTo(8080);
    }

    @Test
    void takesTheShippedFileAsItIs(Vertx vertx) throws Exception {
        // Given
        Path shipped = Path.of("conf/torii.yaml");

        // When
        Loaded loaded = load(vertx, shipped);

        // Then
        assertThat(loaded.config())
                .isEqualTo(new ConfigLoader(vertx)
                        .load(Optional.empty(), ENVIRONMENT)
                        .await(5, SECONDS)
                        .config());
    }

    @Test
    void shipsAFileThatNamesEverySettingAndNoOther() throws Exception {
        // Given
        String uncommented = Files.readString(Path.of("conf/torii.yaml"))
                .lines()
                .map(line -> line.replaceFirst("^( *)# ([a-z][a-z-]*: \\S.*)$", "$1$2"))
                .collect(Collectors.joining("\n"));

        // When
        Set<String> keys = new HashSet<>();
        flatten("", new Yaml().load(uncommented), keys);

        // Then
        assertThat(keys)
                .containsExactlyInAnyOrderElementsOf(
                        Settings.ALL.stream().map(Setting::key).toList());
    }

    private static void flatten(String prefix, Map<?, ?> section, Set<String> into) {
        section.forEach((name, value) -> {
            if (value instanceof Map<?, ?> inner) {
                flatten(prefix + name + ".", inner, into);
            } else {
                into.add(prefix + name);
            }
        });
    }

    @Test
    void shipsAFileThatNamesEveryAliasBesideItsSetting() throws Exception {
        // Given
        Set<String> aliases = Settings.ALL.stream()
                .map(Setting::alias)
                .filter(alias -> alias != null)
                .collect(Collectors.toSet());

        // When
        String shipped = Files.readString(Path.of("conf/torii.yaml"));

        // Then
        assertThat(shipped).contains(aliases);
    }

    @Test
    void hasNoSettingUnderANameThatKubernetesInjects() {
        // Given
        String injected = "TORII_(PORT|SERVICE_).*";

        // When
        Set<String> names = Settings.ALL.stream().map(Setting::environmentName).collect(Collectors.toSet());

        // Then
        assertThat(names).hasSameSizeAs(Settings.ALL).noneMatch(name -> name.matches(injected));
    }
}

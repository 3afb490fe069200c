package ai.hokus.torii.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SettingsDocumentationTest {

    private static Set<String> namesIn(String text, String pattern) {
        Set<String> names = new TreeSet<>();
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        while (matcher.find()) {
            names.add(matcher.group());
        }
        return names;
    }

    @Test
    void readmeNamesNoEnvironmentVariableThatDoesNotExist() throws IOException {
        // Given
        Set<String> named = namesIn(Files.readString(Path.of("README.md")), "TORII_[A-Z_]+[A-Z]");
        named.remove("TORII_A_B_C");

        // Then
        assertThat(named).isNotEmpty().noneMatch(Settings::isUnknownEnvironmentName);
    }

    @Test
    void readmeNamesEveryNameThatThePlatformAlreadySets() throws IOException {
        // Given
        String readme = Files.readString(Path.of("README.md"));

        // Then
        assertThat(Settings.ALL)
                .filteredOn(setting -> setting.alias() != null)
                .allSatisfy(setting -> assertThat(readme).contains("`" + setting.alias() + "`"));
    }

    @Test
    void pageOfSettingsIsWhatTheCodeWouldPrint() throws IOException {
        assertThat(Files.readString(Path.of("src/docs/settings.md")))
                .as("java -jar target/torii.jar settings > src/docs/settings.md")
                .isEqualTo(SettingsTable.markdown());
    }

    @Test
    void everySettingHasAnExplanationAndADefaultOrAnExample() {
        // Given
        Map<String, SettingNotes.Note> notes = SettingsTable.packedNotes();

        // Then
        assertThat(Settings.ALL)
                .allSatisfy(setting -> assertThat(notes.get(setting.key()))
                        .as(setting.key())
                        .isNotNull()
                        .satisfies(note -> assertThat(note.explanation()).hasSizeGreaterThan(5))
                        .satisfies(note -> assertThat(note.value()).isNotBlank()));
    }

    @Test
    void everySettingIsNamedByATest() throws IOException {
        // Given
        StringBuilder tests = new StringBuilder();
        try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                tests.append(Files.readString(file)).append('\n');
            }
        }

        // Then
        assertThat(Settings.ALL)
                .filteredOn(setting -> Stream.of(setting.key(), setting.environmentName(), setting.alias())
                        .filter(Objects::nonNull)
                        .noneMatch(name -> isNamed(tests, name)))
                .extracting(Settings.Setting::key)
                .as("settings that no test names by key or environment name")
                .isEmpty();
    }

    /** In quotes, or in the text of a failure; not as a part of a longer name. */
    private static boolean isNamed(CharSequence tests, String name) {
        return Pattern.compile("(?<![A-Za-z0-9._-])" + Pattern.quote(name) + "(?![A-Za-z0-9_-])")
                .matcher(tests)
                .find();
    }
}

package ai.hokus.torii.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

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

    /** Key, environment, type, unit, default, range, reload, explanation. */
    private static List<List<String>> rows() {
        return SettingsTable.markdown()
                .lines()
                .filter(line -> line.startsWith("| `"))
                .map(line -> Stream.of(line.split("(?<!\\\\)\\|"))
                        .skip(1)
                        .map(String::trim)
                        .toList())
                .toList();
    }

    @Test
    void pageOfSettingsHasNamesTypeUnitAndDefaultOfEverySetting() {
        // When
        Map<String, List<String>> byKey =
                rows().stream().collect(Collectors.toMap(row -> row.get(0).replace("`", ""), row -> row));

        // Then
        assertThat(byKey.keySet())
                .containsExactlyInAnyOrderElementsOf(
                        Settings.ALL.stream().map(Settings.Setting::key).toList());
        assertThat(Settings.ALL)
                .allSatisfy(setting -> assertThat(byKey.get(setting.key()))
                        .as(setting.key())
                        .hasSize(8)
                        .noneMatch(String::isEmpty)
                        .satisfies(row -> assertThat(row.get(1)).contains("`" + setting.environmentName() + "`"))
                        .satisfies(row -> assertThat(row.get(3))
                                .matches(unit -> unit.equals("–")
                                        != Set.of("time", "size", "number").contains(row.get(2)))));
    }

    /** What a setting of this type does not take, and how that is said. */
    static Stream<Arguments> misfits() {
        Map<String, List<String>> misfits = Map.of(
                "time", List.of("17", "(no unit)"),
                "size", List.of("17", "(no unit)"),
                "number", List.of("17s", "must be a whole number"),
                "true or false", List.of("17", "must be true or false"),
                "choice", List.of("17", "must be one of"),
                "address", List.of("17", "must be an http:// or https:// address"),
                "addresses", List.of("17", "must be an http:// or https:// address"));
        return rows().stream()
                .filter(row -> misfits.containsKey(row.get(2)))
                .map(row -> Arguments.of(
                        row.get(0).replace("`", ""),
                        misfits.get(row.get(2)).get(0),
                        misfits.get(row.get(2)).get(1)));
    }

    @ParameterizedTest
    @MethodSource("misfits")
    void typeOnThePageIsTheOneThatTheReaderAsksFor(String key, String misfit, String said) {
        // Given
        Map<String, Values.Value> values = new HashMap<>();
        Map<String, SettingNotes.Note> notes = SettingsTable.packedNotes();
        Settings.ALL.forEach(setting -> values.put(
                setting.key(), new Values.Value(notes.get(setting.key()).value(), "a test", setting.key())));
        values.remove(key.startsWith("auth.http") ? "auth.file.path" : "auth.http.url");
        values.put(key, new Values.Value(misfit, "a test", key));
        List<Problem> problems = new ArrayList<>();

        // When
        new ConfigReader(new Values(values, problems)).read();

        // Then
        assertThat(problems)
                .anyMatch(problem ->
                        problem.toString().contains(key) && problem.toString().contains(said));
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

package ai.hokus.torii.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
}

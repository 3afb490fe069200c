package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.exchange.Blame;
import ai.hokus.torii.exchange.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** README says what the code does. */
class DocumentationTest {

    private static final Path README = Path.of("README.md");

    @Test
    void listsEveryReasonAsTheCodeHasIt() throws IOException {
        // When
        List<List<String>> rows = Files.readAllLines(README).stream()
                .filter(line -> line.matches("\\| `[a-z_]+` \\| \\d{3} .*"))
                .map(line -> Stream.of(line.split("\\|")).map(String::trim).toList())
                .map(cells -> cells.subList(1, 5))
                .toList();

        // Then
        assertThat(rows)
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(Reason.values())
                        .map(reason -> List.of(
                                "`" + reason.code() + "`",
                                String.valueOf(reason.status()),
                                reason.errorCode(),
                                reason.blame().text()))
                        .toList());
    }

    /** The pages that say what holds their claims. */
    static Stream<Path> pages() throws IOException {
        Set<String> tables = Set.of("benchmark.md", "settings.md", "verdicts-bench.md");
        return Files.list(Path.of("src/docs"))
                .filter(page -> page.toString().endsWith(".md"))
                .filter(page -> !tables.contains(page.getFileName().toString()));
    }

    /** A test is named as `Class.method`, or a whole class as `Class`. */
    @ParameterizedTest
    @MethodSource("pages")
    void namesOnlyTestsThatExist(Path file) throws Exception {
        // Given
        String page = Files.readString(file);
        Matcher named = Pattern.compile("`(\\w+(?:IT|Test))(?:\\.(\\w+))?`").matcher(page);
        List<String> missing = new ArrayList<>();

        // When
        int found = 0;
        while (named.find()) {
            found++;
            if (!exists(named.group(1), named.group(2))) {
                missing.add(named.group());
            }
        }

        // Then
        assertThat(missing).isEmpty();
        assertThat(found).isGreaterThan(5);
    }

    private static boolean exists(String type, String method) throws IOException, ClassNotFoundException {
        Path root = Path.of("target/test-classes");
        Path found;
        try (Stream<Path> files = Files.walk(root)) {
            found = files.filter(file -> file.endsWith(type + ".class"))
                    .findFirst()
                    .orElse(null);
        }
        if (found == null) {
            return false;
        }
        String name = root.relativize(found).toString().replace('/', '.').replaceFirst("\\.class$", "");
        Class<?> test = Class.forName(name, false, Thread.currentThread().getContextClassLoader());
        return method == null
                || Arrays.stream(test.getDeclaredMethods())
                        .anyMatch(m -> m.getName().equals(method));
    }

    @Test
    void blamesFourSidesAndNoOther() {
        assertThat(Arrays.stream(Blame.values()).map(Blame::text))
                .containsExactly("caller", "gateway", "auth service", "MLflow");
    }
}

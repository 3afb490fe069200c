package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.exchange.Blame;
import ai.hokus.torii.exchange.Reason;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    /** A test is named as `Class.method`, or a whole class as `Class`. */
    @ParameterizedTest
    @CsvSource({"relay.md, 40", "authorization.md, 6", "ratelimits.md, 10"})
    void namesOnlyTestsThatExist(String name, int atLeast) throws Exception {
        // Given
        String page = Files.readString(Path.of("src/docs", name));
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
        assertThat(found).isGreaterThan(atLeast);
    }

    private static boolean exists(String type, String method) throws ClassNotFoundException {
        for (String room : List.of("", "proxy.", "wire.", "mlflow.", "ratelimit.")) {
            URL file =
                    DocumentationTest.class.getResource("/ai/hokus/torii/" + room.replace('.', '/') + type + ".class");
            if (file != null) {
                Class<?> test = Class.forName(
                        "ai.hokus.torii." + room + type,
                        false,
                        Thread.currentThread().getContextClassLoader());
                return method == null
                        || Arrays.stream(test.getDeclaredMethods())
                                .anyMatch(m -> m.getName().equals(method));
            }
        }
        return false;
    }

    @Test
    void blamesFourSidesAndNoOther() {
        assertThat(Arrays.stream(Blame.values()).map(Blame::text))
                .containsExactly("caller", "gateway", "auth service", "MLflow");
    }
}

package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.exchange.Blame;
import ai.hokus.torii.exchange.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

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

    @Test
    void blamesFourSidesAndNoOther() {
        assertThat(Arrays.stream(Blame.values()).map(Blame::text))
                .containsExactly("caller", "gateway", "auth service", "MLflow");
    }
}

package ai.hokus.torii.guide;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.exchange.Blame;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.guide.GuideBlock.Mark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The operator's pages say of each of their blocks whether it is run by a test. */
@Tag("cluster")
class GuideTest {

    private static final Path WAY_IN = Path.of("src/docs/operate.md");
    private static final Set<String> COMMANDS = Set.of("", "sh", "bash", "console", "shell");

    /** What a block may need that the test does not have. */
    private static final Set<String> KINDS = Set.of("cluster", "engine", "time", "platform");

    static Stream<Path> pages() {
        return GuidePage.all();
    }

    @ParameterizedTest
    @MethodSource("pages")
    void everyBlockSaysWhetherItIsRun(Path page) throws IOException {
        // When
        List<GuideBlock> blocks = GuidePage.blocks(page);

        // Then
        assertThat(blocks)
                .filteredOn(block -> block.mark() == Mark.UNMARKED)
                .extracting(GuideBlock::place)
                .as("blocks without run, prints, file=, needs or shows behind the language (GuidePage says how)")
                .isEmpty();
        assertThat(blocks)
                .filteredOn(block -> block.mark() == Mark.SHOWS && COMMANDS.contains(block.language()))
                .extracting(GuideBlock::place)
                .as("commands that are only shown: run them, or say what they need")
                .isEmpty();
        assertThat(GuidePage.indented(page))
                .as("lines of " + page + " with indented code, which cannot be marked")
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource("pages")
    void everyBlockThatIsLeftOutSaysWhatItNeedsAndWhy(Path page) throws IOException {
        assertThat(GuidePage.blocks(page))
                .filteredOn(block -> block.mark() == Mark.NEEDS)
                .allSatisfy(block -> {
                    assertThat(KINDS).as(block.place()).contains(kind(block));
                    assertThat(reason(block)).as(block.place()).hasSizeGreaterThan(5);
                });
    }

    @Test
    void theWayInListsEveryBlockThatIsLeftOut() throws IOException {
        // Given
        List<String> leftOut = new ArrayList<>();
        for (Path page : GuidePage.all().toList()) {
            GuidePage.blocks(page).stream()
                    .filter(block -> block.mark() == Mark.NEEDS)
                    .map(GuideTest::row)
                    .forEach(leftOut::add);
        }

        // When
        List<String> listed = Files.readAllLines(WAY_IN).stream()
                .filter(line -> line.startsWith("| ["))
                .filter(line -> KINDS.stream().anyMatch(kind -> line.contains(" | " + kind + " | ")))
                .toList();

        // Then
        assertThat(listed)
                .as("rows of the table in operate.md; these are due:\n" + String.join("\n", leftOut) + "\n")
                .containsExactlyInAnyOrderElementsOf(leftOut);
    }

    /** Reasons of callers alone are theirs to mend. */
    @Test
    void theRunbookLeadsFromEveryReasonThatIsNotTheCallersToASection() throws IOException {
        // Given
        String page = Files.readString(Path.of("src/docs/incidents.md"));
        String table = page.substring(page.indexOf("## By symptom"), page.indexOf("## Where alerts should go"));

        // When
        List<String> links = Pattern.compile("\\]\\(#(\\w+)\\)")
                .matcher(table)
                .results()
                .map(found -> found.group(1))
                .toList();

        // Then
        assertThat(Arrays.stream(Reason.values())
                        .filter(reason -> reason.blame() != Blame.CALLER)
                        .map(reason -> "`" + reason.code() + "`"))
                .allSatisfy(code -> assertThat(table).contains(code));
        assertThat(page.lines()
                        .filter(line -> line.startsWith("### "))
                        .map(line -> line.substring(4).toLowerCase(Locale.ROOT)))
                .containsAll(links);
    }

    private static String kind(GuideBlock block) {
        return block.argument().replaceFirst(":.*", "");
    }

    private static String reason(GuideBlock block) {
        return block.argument().replaceFirst("[^:]*:? *", "");
    }

    private static String row(GuideBlock block) {
        String page = block.page().getFileName().toString();
        String command = block.firstCommand();
        String brief = command.length() > 70 ? command.substring(0, 69) + "…" : command;
        return "| [" + page.replace(".md", "") + "](" + page + ") | `" + brief.replace("|", "\\|") + "` | "
                + kind(block) + " | " + reason(block) + " |";
    }
}

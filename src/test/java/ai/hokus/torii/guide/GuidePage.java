package ai.hokus.torii.guide;

import ai.hokus.torii.guide.GuideBlock.Mark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads the blocks of an operator's page. A block is marked behind the language in the info string of its fence, which
 * Markdown does not show:
 *
 * <pre>
 * sh run                      its commands are run, in the page's folder, by one shell for the whole page
 * sh run exit=78              the last of them ends with this code
 * sh run if=promtool          only where this program is installed (with TORII_PEERS=required it must be)
 * text prints                 what the block before prints: these lines, in this order; … stands for anything
 * yaml file=conf/torii.yaml   is written to this file
 * sh needs cluster: why       is left out, and listed in the table of operate.md
 * yaml shows                  holds no commands
 * </pre>
 *
 * <p>A comment {@code <!-- guide: run} … {@code -->} holds commands that are run and not shown.
 */
final class GuidePage {

    private static final Path FOLDER = Path.of("src/docs");
    private static final Pattern FENCE = Pattern.compile("( *)(```+)(.*)");
    private static final Pattern EXIT = Pattern.compile("\\bexit=(\\d+)");
    private static final Pattern IF = Pattern.compile("\\bif=(\\S+)");
    private static final String HIDDEN = "<!-- guide: run";

    /** The pages whose commands operators copy. */
    static final List<String> NAMES =
            List.of("operate", "image", "kubernetes", "monitoring", "incidents", "sizing", "upgrade", "rotation");

    private final Path page;
    private final List<String> lines;
    private final List<GuideBlock> blocks = new ArrayList<>();
    private final List<Integer> indented = new ArrayList<>();
    private int at;

    private GuidePage(Path page) throws IOException {
        this.page = page;
        this.lines = Files.readAllLines(page);
    }

    /** Those of the pages that are there. */
    static Stream<Path> all() {
        return NAMES.stream().map(name -> FOLDER.resolve(name + ".md")).filter(Files::exists);
    }

    /** Every block of this page, in order. */
    static List<GuideBlock> blocks(Path page) throws IOException {
        return read(page).blocks;
    }

    /** Lines of code that stand indented rather than in a fence, where they cannot be marked. */
    static List<Integer> indented(Path page) throws IOException {
        return read(page).indented;
    }

    private static GuidePage read(Path file) throws IOException {
        GuidePage page = new GuidePage(file);
        while (page.at < page.lines.size()) {
            page.next();
        }
        return page;
    }

    private void next() {
        String line = lines.get(at);
        Matcher fence = FENCE.matcher(line);
        if (fence.matches()) {
            String info = fence.group(3).strip();
            blocks.add(block(
                    info, until(fence.group(1) + fence.group(2), fence.group(1).length())));
        } else if (line.startsWith(HIDDEN) && !line.endsWith("-->")) {
            blocks.add(block("hidden run" + line.substring(HIDDEN.length()), until("-->", 0)));
        } else {
            boolean isBehindBlank = at > 0 && lines.get(at - 1).isBlank();
            if (isBehindBlank && line.startsWith("    ")) {
                indented.add(at + 1);
            }
            at++;
        }
    }

    private Body until(String end, int indent) {
        int first = at;
        List<String> body = new ArrayList<>();
        at++;
        while (at < lines.size() && !lines.get(at).equals(end)) {
            String line = lines.get(at);
            body.add(line.isBlank() ? "" : line.substring(Math.min(indent, line.length())));
            at++;
        }
        if (at == lines.size()) {
            throw new AssertionError(page + ":" + (first + 1) + " has no end");
        }
        at++;
        return new Body(first + 1, body.stream().map(line -> line + "\n").collect(Collectors.joining()));
    }

    private record Body(int line, String text) {}

    private GuideBlock block(String info, Body body) {
        String[] words = info.split(" +", 3);
        String mark = words.length > 1 ? words[1] : "";
        String rest = words.length > 2 ? words[2] : "";
        if (mark.startsWith("file=")) {
            return new GuideBlock(page, body.line, words[0], Mark.FILE, mark.substring(5), "", body.text);
        }
        return switch (mark) {
            case "run" ->
                new GuideBlock(page, body.line, words[0], Mark.RUN, found(EXIT, rest), found(IF, rest), body.text);
            case "prints" -> new GuideBlock(page, body.line, words[0], Mark.PRINTS, "", "", body.text);
            case "needs" -> new GuideBlock(page, body.line, words[0], Mark.NEEDS, rest, "", body.text);
            case "shows" -> new GuideBlock(page, body.line, words[0], Mark.SHOWS, "", "", body.text);
            default -> new GuideBlock(page, body.line, words[0], Mark.UNMARKED, info, "", body.text);
        };
    }

    private static String found(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : "";
    }
}

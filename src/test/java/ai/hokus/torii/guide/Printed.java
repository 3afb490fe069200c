package ai.hokus.torii.guide;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Compares what a page says is printed with what was: its lines are there in this order, {@code …} is anything. */
final class Printed {

    private Printed() {}

    /** Fails with the line of the page that was not printed. */
    static void check(GuideBlock said, String printed) {
        List<String> lines = printed.lines().map(Printed::calm).toList();
        Iterator<String> rest = lines.iterator();
        for (String line : said.text().lines().map(Printed::calm).toList()) {
            if (line.isEmpty() || line.equals("…")) {
                continue;
            }
            if (!isAmong(rest, pattern(line))) {
                throw new AssertionError(said.place() + " says that this is printed:\n" + line + "\nbut it was:\n"
                        + String.join("\n", lines));
            }
        }
    }

    private static boolean isAmong(Iterator<String> lines, Pattern wanted) {
        while (lines.hasNext()) {
            if (wanted.matcher(lines.next()).matches()) {
                return true;
            }
        }
        return false;
    }

    /** Columns are as wide as their widest word, which differs from one machine to another. */
    private static String calm(String line) {
        return line.strip().replaceAll("\\s+", " ");
    }

    private static Pattern pattern(String line) {
        return Pattern.compile(
                Arrays.stream(line.split("…", -1)).map(Pattern::quote).collect(Collectors.joining(".*")));
    }
}

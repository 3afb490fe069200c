package ai.hokus.torii.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** The table of what was measured, and the promises that were not kept. */
final class Report {

    private static final String HEAD = "| profile | requests/s: offered → answered | answers | p50 ms | p99 ms"
            + " | auth service | memory |\n| --- | --- | --- | --- | --- | --- | --- |";

    private final PrintStream out;
    private final List<String> rows = new ArrayList<>();
    private final List<String> broken = new ArrayList<>();

    Report(PrintStream out) {
        this.out = out;
    }

    /** Something the reader should see while it runs. */
    void progress(String text) {
        out.println("… " + text);
    }

    /** A row about a load that was measured in rounds. */
    void timed(String profile, int offered, Collection<Answers> rounds, String auth, String memory) {
        int sent = rounds.stream().mapToInt(Answers::sent).sum();
        int good = rounds.stream().mapToInt(round -> round.count(200)).sum();
        row(
                profile,
                "%,d → %,.0f"
                        .formatted(
                                offered,
                                Rounds.of(rounds, Answers::answeredRate).median()),
                "200: %,d of %,d".formatted(good, sent),
                Rounds.of(rounds, round -> round.percentile(0.5)).toString(),
                Rounds.of(rounds, round -> round.percentile(0.99)).toString(),
                auth,
                memory);
    }

    /** A row, cell by cell. */
    void row(String... cells) {
        rows.add("| " + String.join(" | ", cells) + " |");
    }

    /** Notes a promise that is not kept. */
    void promise(boolean isKept, String promise) {
        if (!isKept) {
            broken.add(promise);
            progress("BROKEN: " + promise);
        }
    }

    /** Prints all; whether every promise was kept. */
    boolean print() {
        out.println();
        out.println(HEAD);
        rows.forEach(out::println);
        out.println();
        broken.forEach(promise -> out.println("BROKEN: " + promise));
        if (broken.isEmpty()) {
            out.println("Every promise is kept.");
        }
        return broken.isEmpty();
    }
}

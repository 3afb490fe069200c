package ai.hokus.torii.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Ten thousand good keys at random, over the life of their verdicts; before and after it, the heap that verdicts take. */
final class ManyKeys {

    private static final String GROUP = "many";
    /** The gateway gives up its idle connections after 3 s; they would be counted with the verdicts. */
    private static final Duration SETTLE = Duration.ofSeconds(4);

    private final Bench bench;
    private final GatewayChild gateway;
    private final Report report;

    private ManyKeys(Bench bench, GatewayChild gateway) {
        this.bench = bench;
        this.gateway = gateway;
        this.report = bench.report();
    }

    static void measure(Bench bench, GatewayChild gateway) throws Exception {
        ManyKeys profile = new ManyKeys(bench, gateway);
        try (LoadLoop loop = new LoadLoop(gateway.port(), Plan.CONNECTIONS)) {
            bench.warmUp(loop);
            profile.acceptances(loop);
            profile.randomAccess(loop);
            profile.refusals(loop);
        }
    }

    private void acceptances(LoadLoop loop) throws Exception {
        // The first look from outside makes the JVM load classes of its own.
        Heap.of(gateway.pid());
        Heap before = heap();
        double had = gateway.scrape().acceptances();
        report.progress("first use of %,d keys at %d a second".formatted(Plan.MANY_KEYS, Plan.NEW_KEYS_RATE));
        Answers first = loop.run(Load.of(Plan.NEW_KEYS_RATE, Plan.MANY_KEYS, Keys.inTurn(GROUP, Plan.MANY_KEYS)));
        report.promise(first.areAllGood(), "every good key is accepted at its first use: " + first.summary());
        heapRow("heap of an acceptance", before, heap(), gateway.scrape().acceptances() - had);
    }

    private void randomAccess(LoadLoop loop) throws Exception {
        List<Answers> windows = new ArrayList<>();
        Scrape before = gateway.scrape();
        bench.auth().countAnew(false);
        Load load = Load.lasting(Plan.MANY_RATE, bench.plan().manyWindow(), Keys.atRandom(GROUP, Plan.MANY_KEYS));
        for (int i = 0; i < bench.plan().manyWindows(); i++) {
            report.progress("random access, window " + (i + 1));
            windows.add(loop.run(load));
        }
        AuthStub.Count asked = bench.auth().count();
        Scrape after = gateway.scrape();
        double all = 0;
        for (String source : List.of("cache", "call", "shared", "stale")) {
            all += after.accepted(source) - before.accepted(source);
        }
        double hits = after.accepted("cache") - before.accepted("cache");
        report.timed(
                "10,000 keys, %,.0f s".formatted(asked.seconds()),
                Plan.MANY_RATE,
                windows,
                "hit ratio %.4f; %,.0f calls/s, %,d in the busiest"
                        .formatted(hits / all, asked.good() / asked.seconds(), asked.goodPeak()),
                "%.0f MiB resident".formatted(ResidentSize.mebibytes(gateway.pid())));
        report.promise(windows.stream().allMatch(Answers::areAllGood), "10,000 keys: every request is answered 200");
        report.promise(asked.tooEarly() == 0, "10,000 keys: no key is asked about before its renewal: " + asked);
    }

    private void refusals(LoadLoop loop) throws Exception {
        Heap before = heap();
        double had = gateway.scrape().refusals();
        Answers refused = loop.run(Load.of(Plan.NEW_KEYS_RATE, Plan.REFUSALS, Keys.unknown()));
        report.promise(
                refused.count(401) == refused.sent(),
                "every unknown key within the budget is refused: " + refused.summary());
        heapRow("heap of a refusal", before, heap(), gateway.scrape().refusals() - had);
    }

    private Heap heap() throws Exception {
        bench.pause(SETTLE);
        return Heap.of(gateway.pid());
    }

    private void heapRow(String name, Heap before, Heap after, double verdicts) {
        double each = (after.total() - before.total()) / verdicts;
        report.row(
                name,
                "",
                "%,.0f remembered".formatted(verdicts),
                "",
                "",
                "",
                "%,.0f bytes each: %s".formatted(each, after.more(before, verdicts)));
    }
}

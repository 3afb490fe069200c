package ai.hokus.torii.bench;

import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;

/**
 * A million random keys beside a hundred known ones. The known ones are measured alone, beside as many requests to the
 * open path, and beside the flood; what the flood adds to the open path's row is its own, the rest is the machine's.
 */
final class Flood {

    private static final double BUDGET_RATE = 200;
    private static final double BUDGET_BURST = 400;
    private static final double MAX_GROWTH_MEBIBYTES = 32;

    private final Bench bench;
    private final GatewayChild gateway;
    private final Report report;
    private final LoadLoop known;
    private final LoadLoop crowd;
    private final List<Answers> quiet = new ArrayList<>();
    private final List<Answers> busy = new ArrayList<>();
    private final List<Answers> busyCrowds = new ArrayList<>();
    private final List<Answers> flooded = new ArrayList<>();

    private Flood(Bench bench, GatewayChild gateway, LoadLoop known, LoadLoop crowd) {
        this.bench = bench;
        this.gateway = gateway;
        this.report = bench.report();
        this.known = known;
        this.crowd = crowd;
    }

    static void measure(Bench bench, GatewayChild gateway) throws Exception {
        try (LoadLoop known = new LoadLoop(gateway.port(), Plan.CONNECTIONS);
                LoadLoop crowd = new LoadLoop(gateway.port(), Plan.CONNECTIONS)) {
            new Flood(bench, gateway, known, crowd).measure();
        }
    }

    private void measure() throws Exception {
        double idle = ResidentSize.mebibytes(gateway.pid());
        bench.warmUp(known);
        Heap heapBefore = Heap.of(gateway.pid());
        for (int i = 1; i < Plan.FLOOD_PAIRS; i++) {
            pair(i);
        }
        double before = ResidentSize.mebibytes(gateway.pid());
        bench.auth().countAnew(false);
        report.progress("the flood");
        Answers flood;
        double peak;
        try (ResidentSize resident = bench.watch(gateway)) {
            flood = flood();
            peak = resident.peak();
        }
        AuthStub.Count asked = bench.auth().count();
        double after = ResidentSize.mebibytes(gateway.pid());
        pair(Plan.FLOOD_PAIRS);
        long heapGrowth = Heap.of(gateway.pid()).total() - heapBefore.total();
        tellKnown(asked);
        tellFlood(
                flood,
                asked,
                "RSS %.0f MiB idle, %.0f before, peak %.0f (%+.1f), %.0f after; live heap %+.1f MiB"
                        .formatted(idle, before, peak, peak - before, after, heapGrowth / 1024.0 / 1024.0));
        promise(flood, asked, peak - before);
    }

    /** Quiet, and then beside the open path. */
    private void pair(int number) throws Exception {
        report.progress("quiet and control " + number);
        quiet.add(known.run(window()));
        Load open = Load.lasting(Plan.FLOOD_RATE, bench.plan().floodWindow(), Call::open);
        Future<Answers> others = crowd.start(open);
        busy.add(known.run(window()));
        busyCrowds.add(LoadLoop.await(open, others));
    }

    private Answers flood() throws Exception {
        Load load = new Load(Plan.FLOOD_RATE, bench.plan().floodKeys(), Plan.FLOOD_LIMIT, Keys.unknown());
        Future<Answers> others = crowd.start(load);
        while (!others.isComplete()) {
            flooded.add(known.run(window()));
        }
        return LoadLoop.await(load, others);
    }

    private Load window() {
        return Load.lasting(Plan.KNOWN_RATE, bench.plan().floodWindow(), Bench.knownKeys());
    }

    private void tellKnown(AuthStub.Count asked) {
        // The last window outlives the flood, and is quiet in part.
        List<Answers> inFlood = flooded.size() == 1 ? flooded : flooded.subList(0, flooded.size() - 1);
        String open = " beside %,.0f/s to the open path"
                .formatted(Rounds.of(busyCrowds, Answers::sentRate).median());
        report.timed("known keys alone", Plan.KNOWN_RATE, quiet, "", "");
        report.timed("known keys" + open, Plan.KNOWN_RATE, busy, "", "");
        report.timed(
                "known keys beside the flood",
                Plan.KNOWN_RATE,
                inFlood,
                "%,d renewals, %,d too early".formatted(asked.good(), asked.tooEarly()),
                "p99: %.1f x alone, %.1f x beside the open path"
                        .formatted(ratio(inFlood, quiet), ratio(inFlood, busy)));
    }

    private void tellFlood(Answers flood, AuthStub.Count asked, String memory) {
        report.row(
                "the flood: %,d random keys in %.0f s".formatted(flood.sent(), flood.seconds()),
                "%,d wanted, %,.0f offered → %,.0f".formatted(Plan.FLOOD_RATE, flood.sentRate(), flood.answeredRate()),
                flood.summary(),
                "%.1f".formatted(flood.percentile(0.5)),
                "%.1f".formatted(flood.percentile(0.99)),
                "%,d calls: %,.0f/s, %,d in the busiest; %d probes"
                        .formatted(
                                asked.unknown(),
                                asked.unknown() / flood.seconds(),
                                asked.unknownPeak(),
                                asked.probes()),
                memory);
    }

    private void promise(Answers flood, AuthStub.Count asked, double growth) {
        report.promise(flood.sent() == bench.plan().floodKeys(), "flood: it could be sent: " + flood.summary());
        report.promise(
                asked.unknown() <= BUDGET_BURST + BUDGET_RATE * flood.seconds()
                        && asked.unknownPeak() <= BUDGET_BURST + BUDGET_RATE,
                "flood: the auth service is asked within the budget: " + asked);
        report.promise(flood.count(200) == 0, "flood: no random key is accepted: " + flood.summary());
        for (List<Answers> rounds : List.of(quiet, busy, flooded)) {
            report.promise(
                    rounds.stream().allMatch(Answers::areAllGood),
                    "flood: every request with a known key is answered 200");
        }
        report.promise(asked.tooEarly() == 0, "flood: no known key is forgotten: " + asked);
        report.promise(
                growth <= MAX_GROWTH_MEBIBYTES,
                "flood: the gateway grows by 32 MiB at most, but by %.1f".formatted(growth));
    }

    private static double ratio(List<Answers> these, List<Answers> those) {
        return Rounds.of(these, answers -> answers.percentile(0.99)).median()
                / Rounds.of(those, answers -> answers.percentile(0.99)).median();
    }
}

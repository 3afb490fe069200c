package ai.hokus.torii.bench;

import java.util.ArrayList;
import java.util.List;

/** Ten thousand requests at once with one new key, and an auth service that takes half a second. */
final class SingleFlight {

    private SingleFlight() {}

    static void measure(Bench bench, GatewayChild gateway) throws Exception {
        try (LoadLoop loop = new LoadLoop(gateway.port(), Plan.CROWD_CONNECTIONS)) {
            bench.warmUp(loop);
            List<Answers> flights = new ArrayList<>();
            List<Long> calls = new ArrayList<>();
            Scrape before = gateway.scrape();
            for (int i = 0; i < bench.plan().flights(); i++) {
                String key = Keys.SLOW + i;
                bench.auth().countAnew(false);
                flights.add(loop.run(Load.of(0, Plan.CROWD, n -> Call.withKey(key))));
                calls.add(bench.auth().count().good());
            }
            tell(bench.report(), flights, calls, before, gateway.scrape());
        }
    }

    private static void tell(Report report, List<Answers> flights, List<Long> calls, Scrape before, Scrape after) {
        int good = flights.stream().mapToInt(flight -> flight.count(200)).sum();
        report.row(
                "one new key, %,d at once".formatted(Plan.CROWD),
                "%,d over %d connections, all in %s s"
                        .formatted(Plan.CROWD, Plan.CROWD_CONNECTIONS, Rounds.of(flights, Answers::seconds)),
                "200: %,d of %,d".formatted(good, Plan.CROWD * flights.size()),
                Rounds.of(flights, flight -> flight.percentile(0.5)).toString(),
                Rounds.of(flights, flight -> flight.percentile(0.99)).toString(),
                "calls: %s; %,.0f waited for another's, %,.0f came after"
                        .formatted(
                                calls,
                                after.accepted("shared") - before.accepted("shared"),
                                after.accepted("cache") - before.accepted("cache")),
                "");
        report.promise(
                flights.stream().allMatch(Answers::areAllGood),
                "single flight: every request is answered 200: "
                        + flights.stream().map(Answers::summary).toList());
        report.promise(calls.stream().allMatch(n -> n == 1), "single flight: one call for all: " + calls);
    }
}

package ai.hokus.torii.bench;

import java.util.List;
import java.util.Locale;

/**
 * Measures what remembered verdicts cost and what they protect, on the packaged gateway with stubs around it; ends with
 * 0 when every promise is kept, with 1 when one is broken, with 2 when it could not measure. Times never fail it.
 */
public final class VerdictBench {

    private VerdictBench() {}

    /** {@code --quick} does less of everything. */
    public static void main(String[] arguments) {
        Locale.setDefault(Locale.ROOT);
        System.exit(run(List.of(arguments)));
    }

    private static int run(List<String> arguments) {
        if (!GatewayChild.isPossible() || !List.of("--quick").containsAll(arguments)) {
            System.err.println("usage, on Linux, in the project's folder: mvn -B -ntp -DskipTests package"
                    + " && java -cp target/torii.jar:target/test-classes " + VerdictBench.class.getName()
                    + " [--quick]");
            return 2;
        }
        Plan plan = arguments.isEmpty() ? Plan.full() : Plan.quick();
        Report report = new Report(System.out);
        try (Bench bench = new Bench(plan, report)) {
            bench.run("10,000 keys", ManyKeys::measure);
            bench.run("flood", Flood::measure);
            bench.run("single flight", SingleFlight::measure);
        } catch (Exception e) {
            e.printStackTrace();
            report.print();
            return 2;
        }
        System.out.printf(
                "%nThe load generator, the stubs and the gateway share %d cores: beside a load, latencies are the"
                        + " machine's as well.%nJDK %s. Times are median (least–most) of rounds, from when a request"
                        + " was due; up to 1 ms is the generator's.%n",
                Runtime.getRuntime().availableProcessors(), Runtime.version());
        return report.print() ? 0 : 1;
    }
}

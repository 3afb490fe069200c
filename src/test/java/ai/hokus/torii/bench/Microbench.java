package ai.hokus.torii.bench;

import ai.hokus.torii.auth.KeyLookUpBench;
import ai.hokus.torii.proxy.HeaderRulesBench;
import ai.hokus.torii.telemetry.LogLineBench;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Measures the pure functions that every request runs through, nanoseconds and bytes, and prints one table to standard
 * output; how it goes on is told on standard error.
 */
public final class Microbench {

    private static final List<Class<?>> ALL =
            List.of(KeyLookUpBench.class, DecisionBench.class, HeaderRulesBench.class, LogLineBench.class);

    private Microbench() {}

    /** Takes six minutes, with {@code --quick} less than one; ends with 2 when it could not measure. */
    public static void main(String[] arguments) {
        Locale.setDefault(Locale.ROOT);
        if (!List.of("--quick").containsAll(List.of(arguments))) {
            System.err.println("usage, in the project's folder: mvn -B -ntp -DskipTests package"
                    + " && java -cp \"target/torii.jar:target/test-classes:target/bench/*\" "
                    + Microbench.class.getName() + " [--quick]");
            System.exit(2);
        }
        try {
            print(measure(arguments.length > 0), arguments.length > 0);
        } catch (RunnerException e) {
            e.printStackTrace();
            System.exit(2);
        }
    }

    private static Collection<RunResult> measure(boolean isQuick) throws RunnerException {
        ChainedOptionsBuilder options =
                new OptionsBuilder().addProfiler(GCProfiler.class).shouldFailOnError(true);
        ALL.forEach(bench -> options.include("^" + bench.getName().replace(".", "\\.") + "\\."));
        if (isQuick) {
            options.forks(1)
                    .warmupIterations(2)
                    .warmupTime(TimeValue.milliseconds(500))
                    .measurementIterations(3)
                    .measurementTime(TimeValue.milliseconds(500));
        }
        return new Runner(
                        options.build(),
                        OutputFormatFactory.createFormatInstance(
                                System.err, isQuick ? VerboseMode.SILENT : VerboseMode.NORMAL))
                .run();
    }

    private static void print(Collection<RunResult> results, boolean isQuick) {
        System.out.println("| function | ns | bytes allocated |\n| --- | --- | --- |");
        results.forEach(result -> System.out.println(row(result)));
        System.out.printf(
                "%nAverage time ± half of the 99.9 %% confidence interval. JDK %s, %d cores.%s%n",
                Runtime.version(),
                Runtime.getRuntime().availableProcessors(),
                isQuick ? " A quick run: enough to see what allocates, not to compare times." : "");
    }

    private static String row(RunResult result) {
        String[] name = result.getParams().getBenchmark().split("\\.");
        String request = result.getParams().getParam("request");
        Result<?> time = result.getPrimaryResult();
        return "| %s.%s%s | %.0f ± %.0f | %.0f |"
                .formatted(
                        name[name.length - 2],
                        name[name.length - 1],
                        request == null ? "" : ": `" + request + "`",
                        time.getScore(),
                        time.getScoreError(),
                        result.getSecondaryResults().get("gc.alloc.rate.norm").getScore());
    }
}

package ai.hokus.torii.support;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestPlan;

/** Decides whether a test's peer is there, and says at the end which tests were left out for want of one. */
public final class PeerCondition implements ExecutionCondition, TestExecutionListener {

    private static final Set<String> LEFT_OUT = new ConcurrentSkipListSet<>();

    /**
     * The program's file, or empty when it is not on the path; Debian keeps servers where users do not look, and
     * {@code .ci/run} puts what Debian does not have in a folder of its own.
     */
    public static Optional<Path> find(String program) {
        List<String> folders =
                new ArrayList<>(List.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)));
        folders.add("/usr/sbin");
        String cache = System.getenv().getOrDefault("XDG_CACHE_HOME", System.getProperty("user.home") + "/.cache");
        folders.add(cache + "/torii/tools/bin");
        return folders.stream()
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        List<String> missing = Arrays.stream(context.getRequiredTestClass().getAnnotationsByType(NeedsPeer.class))
                .filter(needed -> find(needed.program()).isEmpty())
                .map(needed -> needed.program() + " is not installed: " + needed.install())
                .toList();
        if (missing.isEmpty()) {
            return ConditionEvaluationResult.enabled("all peers are there");
        }
        String remedy = String.join("; ", missing);
        if ("required".equals(System.getenv("TORII_PEERS"))) {
            throw new AssertionError(remedy);
        }
        LEFT_OUT.add(context.getRequiredTestClass().getSimpleName() + " was left out, " + remedy);
        return ConditionEvaluationResult.disabled(remedy);
    }

    @Override
    public void testPlanExecutionFinished(TestPlan plan) {
        LEFT_OUT.forEach(System.out::println);
    }
}

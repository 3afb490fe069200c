package ai.hokus.torii.support;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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

    /** The program's file, or empty when it is not on the path; Debian keeps servers where users do not look. */
    static Optional<Path> find(String program) {
        String path = System.getenv().getOrDefault("PATH", "") + File.pathSeparator + "/usr/sbin";
        return Arrays.stream(path.split(File.pathSeparator))
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        NeedsPeer needed = context.getRequiredTestClass().getAnnotation(NeedsPeer.class);
        if (needed == null || find(needed.program()).isPresent()) {
            return ConditionEvaluationResult.enabled("the peer is there");
        }
        String remedy = needed.program() + " is not installed: " + needed.install();
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

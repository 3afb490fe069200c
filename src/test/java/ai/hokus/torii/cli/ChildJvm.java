package ai.hokus.torii.cli;

import static java.util.concurrent.TimeUnit.SECONDS;

import ai.hokus.torii.Main;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A command in a process of its own: with an environment that the test alone decides, or beside others like it. */
record ChildJvm(Process process) {

    /** How a process ended. */
    record Ended(int exitCode, String out, String err) {}

    /** Starts {@code torii} with these arguments and nothing but this environment. */
    static ChildJvm start(Map<String, String> environment, String... arguments) throws Exception {
        return start(environment, ProcessBuilder.Redirect.PIPE, arguments);
    }

    /** The same; its standard output goes there. */
    static ChildJvm start(Map<String, String> environment, ProcessBuilder.Redirect output, String... arguments)
            throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(output);
        builder.environment().clear();
        builder.environment().putAll(environment);
        return new ChildJvm(builder.start());
    }

    /** Waits for its end; both outputs are short enough for the pipes' buffers. */
    Ended end() throws Exception {
        if (!process.waitFor(30, SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("still running after 30 s");
        }
        return new Ended(
                process.exitValue(),
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8),
                new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
    }
}

package ai.hokus.torii.cluster;

import ai.hokus.torii.support.PeerCondition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How an installed program ended.
 *
 * @param exitCode its exit code
 * @param output its standard output
 * @param errors its standard error
 */
record Program(int exitCode, String output, String errors) {

    /** Runs it to its end, which must be a good one. */
    static Program run(String program, String... arguments) {
        Program ended = ask(program, List.of(arguments));
        if (ended.exitCode != 0) {
            throw new AssertionError(program + " " + String.join(" ", arguments) + ": " + ended);
        }
        return ended;
    }

    /** Runs it to its end, whatever that is. */
    static Program ask(String program, List<String> arguments) {
        try {
            List<String> command = new ArrayList<>(
                    List.of(PeerCondition.find(program).orElseThrow().toString()));
            command.addAll(arguments);
            Path output = Files.createTempFile("torii-", ".out");
            Path errors = Files.createTempFile("torii-", ".err");
            Process process = new ProcessBuilder(command)
                    .redirectOutput(output.toFile())
                    .redirectError(errors.toFile())
                    .start();
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(command + " did not end within a minute");
            }
            Program ended = new Program(process.exitValue(), Files.readString(output), Files.readString(errors));
            Files.delete(output);
            Files.delete(errors);
            return ended;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}

package ai.hokus.torii.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MINUTES;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A quickstart of the packaged jar in a process of its own, its standard input closed. */
final class QuickstartChild {
    /** The first start of a machine installs MLflow. */
    private static final int LONGEST_MINUTES = 10;

    private static final Pattern FOREIGN = Pattern.compile("(TORII|API|MLFLOW)_.*");

    private final Process process;
    private final Transcript output;
    private final Transcript errors;

    private QuickstartChild(Process process) {
        this.process = process;
        this.output = new Transcript(process.getInputStream());
        this.errors = new Transcript(process.getErrorStream());
    }

    /** What was pasted into a shell, and how that went. */
    record Pasted(int exitCode, String output) {}

    static QuickstartChild start(Map<String, String> environment, List<String> arguments) throws IOException {
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var command = new ArrayList<>(List.of(java, "-jar", System.getProperty("torii.jar"), "quickstart"));
        command.addAll(arguments);
        var builder = cleaned(new ProcessBuilder(command));
        builder.environment().putAll(environment);
        var process = builder.start();
        process.getOutputStream().close();
        return new QuickstartChild(process);
    }

    private static ProcessBuilder cleaned(ProcessBuilder builder) {
        builder.environment().keySet().removeIf(FOREIGN.asMatchPredicate());
        return builder;
    }

    /** Everything on standard output so far. */
    String output() {
        return output.text();
    }

    /** Everything on standard error so far. */
    String errors() {
        return errors.text();
    }

    void awaitOutput(String text) throws InterruptedException {
        if (!output.await(text)) {
            throw new AssertionError("'" + text + "' was not printed; errors: " + errors() + output());
        }
    }

    void awaitErrors(String text) throws InterruptedException {
        if (!errors.await(text)) {
            throw new AssertionError("'" + text + "' was not said: " + errors());
        }
    }

    List<ProcessHandle> descendants() {
        return process.descendants().toList();
    }

    /** What the printed line exports under this name. */
    String exported(String name) {
        return found("(?m)^export " + name + "=(\\S+)$").group(1);
    }

    /** The key of this start. */
    String key() {
        return exported("MLFLOW_TRACKING_TOKEN");
    }

    /** The printed curl address with this path. */
    String printedUrl(String path) {
        return found("(?m)^curl .*?(http://\\S+" + path + ")$").group(1);
    }

    /** Has a shell run the printed export lines and the printed Python command as they stand. */
    Pasted paste() throws IOException, InterruptedException {
        var script = found("(?ms)^export MLFLOW_TRACKING_URI=.*?$").group() + "\n"
                + found("(?m)^export MLFLOW_TRACKING_TOKEN=.*$").group() + "\n"
                + found("(?ms)^\\S+ -c '$.*?^'$").group() + "\n";
        var shell = cleaned(new ProcessBuilder("sh", "-c", script)).redirectErrorStream(true);
        var pasted = shell.start();
        pasted.getOutputStream().close();
        var said = new String(pasted.getInputStream().readAllBytes(), UTF_8);
        return new Pasted(pasted.waitFor(), said);
    }

    /** SIGTERM, and the exit code that follows. */
    int endBySignal() throws InterruptedException {
        // Process.destroy would close the streams, and with them the last lines.
        process.toHandle().destroy();
        return exitCode();
    }

    /** Waits for the end and for its last line. */
    int exitCode() throws InterruptedException {
        if (!process.waitFor(LONGEST_MINUTES, MINUTES)) {
            throw new AssertionError("does not end: " + errors());
        }
        output.awaitEnd();
        errors.awaitEnd();
        return process.exitValue();
    }

    void kill() {
        var all = descendants();
        process.destroyForcibly();
        all.forEach(ProcessHandle::destroyForcibly);
    }

    private Matcher found(String pattern) {
        var matcher = Pattern.compile(pattern).matcher(output());
        if (!matcher.find()) {
            throw new AssertionError(pattern + " is not in " + output());
        }
        return matcher;
    }

    /** What a stream has said so far. */
    private static final class Transcript {
        private final StringBuilder text = new StringBuilder();
        private boolean hasEnded;

        Transcript(InputStream stream) {
            var reader = new Thread(() -> read(stream), "transcript");
            reader.setDaemon(true);
            reader.start();
        }

        private void read(InputStream stream) {
            try (var lines = new BufferedReader(new InputStreamReader(stream, UTF_8))) {
                for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                    add(line + "\n");
                }
            } catch (IOException e) {
                add("[" + e + "]");
            } finally {
                end();
            }
        }

        private synchronized void add(String line) {
            text.append(line);
            notifyAll();
        }

        private synchronized void end() {
            hasEnded = true;
            notifyAll();
        }

        synchronized String text() {
            return text.toString();
        }

        /** True as soon as the text was said, false when the stream has ended or ten minutes have passed without it. */
        synchronized boolean await(String wanted) throws InterruptedException {
            var deadline = System.nanoTime() + MINUTES.toNanos(LONGEST_MINUTES);
            while (text.indexOf(wanted) < 0 && !hasEnded && deadline - System.nanoTime() > 0) {
                wait(1 + (deadline - System.nanoTime()) / 1_000_000);
            }
            return text.indexOf(wanted) >= 0;
        }

        synchronized void awaitEnd() throws InterruptedException {
            var deadline = System.nanoTime() + MINUTES.toNanos(1);
            while (!hasEnded && deadline - System.nanoTime() > 0) {
                wait(1 + (deadline - System.nanoTime()) / 1_000_000);
            }
        }
    }
}

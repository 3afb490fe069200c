package ai.hokus.torii.support;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The packaged jar in a JVM of its own, as an operator starts it; what it prints is read line by line. */
public final class ToriiProcess implements AutoCloseable {

    private static final Pattern LISTENS =
            Pattern.compile("listens on \\S+:(\\d+) \\(api\\) and \\S+:(\\d+) \\(management\\)");
    private static final String END = "\u0000end";

    private final Process process;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final BlockingQueue<String> unread = new LinkedBlockingQueue<>();
    private int apiPort;
    private int managementPort;

    private ToriiProcess(Process process) {
        this.process = process;
        Thread reader = new Thread(this::read, "torii-output");
        reader.setDaemon(true);
        reader.start();
    }

    /** The jar under test. */
    public static Path jar() {
        Path jar = Path.of(System.getProperty("torii.jar", "target/torii.jar"));
        if (!Files.exists(jar)) {
            throw new AssertionError("no jar at " + jar + "; run: mvn -B -ntp verify");
        }
        return jar.toAbsolutePath();
    }

    /** Starts with this environment and no other setting; {@code jvm} are options of the JVM. */
    public static ToriiProcess start(Map<String, String> environment, List<String> jvm, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(withInterrupts());
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvm);
        command.addAll(List.of("-jar", jar().toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.matches("(TORII|API|MLFLOW|HOKUSAI|AUTH|CORS|REDIS)_.*"));
        builder.environment().putAll(environment);
        return new ToriiProcess(builder.start());
    }

    /** Starts {@code serve} and waits until it listens. */
    public static ToriiProcess serve(Map<String, String> environment, String... jvm) throws Exception {
        ToriiProcess torii = start(environment, List.of(jvm), "serve");
        Matcher matcher = LISTENS.matcher(torii.awaitLine("listens on"));
        if (!matcher.find()) {
            throw new AssertionError("no ports in " + torii.lines);
        }
        torii.apiPort = Integer.parseInt(matcher.group(1));
        torii.managementPort = Integer.parseInt(matcher.group(2));
        return torii;
    }

    /** What runs in the background of a script is started deaf to SIGINT, and so are its children, but for this. */
    private static List<String> withInterrupts() throws IOException {
        Path status = Path.of("/proc/self/status");
        boolean isDeaf = Files.exists(status)
                && Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith("SigIgn:"))
                        .anyMatch(line ->
                                (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 2) != 0);
        return isDeaf ? List.of("env", "--default-signal=INT") : List.of();
    }

    private void read() {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
                unread.add(line);
            }
        } catch (IOException e) {
            lines.add("output lost: " + e);
        }
        unread.add(END);
    }

    /** Waits for the next line that holds this text. */
    public String awaitLine(String text) throws InterruptedException {
        while (true) {
            String line = unread.poll(30, TimeUnit.SECONDS);
            if (line == null || line.equals(END)) {
                throw new AssertionError("'" + text + "' was not printed, but:\n" + String.join("\n", lines));
            }
            if (line.contains(text)) {
                return line;
            }
        }
    }

    /** Waits for the end and returns the exit code. */
    public int awaitExit() throws InterruptedException {
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            throw new AssertionError("still running after a minute:\n" + String.join("\n", lines));
        }
        awaitEndOfOutput();
        return process.exitValue();
    }

    private void awaitEndOfOutput() throws InterruptedException {
        String line = "";
        while (!END.equals(line)) {
            line = unread.poll(10, TimeUnit.SECONDS);
            if (line == null) {
                throw new AssertionError("the output did not end");
            }
        }
    }

    /** Sends SIGTERM. */
    public void terminate() {
        // Not Process.destroy(), which would close the output as well.
        process.toHandle().destroy();
    }

    /** Sends this signal, such as INT. */
    public void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, String.valueOf(pid())).start().waitFor();
    }

    /** Everything printed so far. */
    public String output() {
        return String.join("\n", lines);
    }

    public int apiPort() {
        return apiPort;
    }

    public int managementPort() {
        return managementPort;
    }

    public long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}

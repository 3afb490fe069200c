package ai.hokus.torii.support;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code torii auth-service} in a JVM of its own: a real peer of the gateway, that can be killed and started again on
 * the port it had.
 */
public final class AuthServiceProcess implements AutoCloseable {

    private static final Pattern LISTENS = Pattern.compile("torii auth-service listens on 127\\.0\\.0\\.1:(\\d+) ");

    private final Path keyFile;
    private final List<String> jvm;
    private final List<String> options;
    private final StringBuilder earlier = new StringBuilder();
    private ToriiProcess process;
    private int port;

    private AuthServiceProcess(Path keyFile, List<String> jvm, List<String> options) {
        this.keyFile = keyFile;
        this.jvm = jvm;
        this.options = options;
    }

    /** Makes a key by {@code torii keys create}. */
    public static String newKey(Path keyFile) throws Exception {
        try (ToriiProcess process = ToriiProcess.start(
                Map.of(), List.of(), "keys", "create", "--file", keyFile.toString(), "--user", "ada")) {
            process.awaitExit();
            return process.output()
                    .lines()
                    .filter(line -> line.startsWith("hk_live_"))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(process.output()));
        }
    }

    /** Starts on a free port and waits until it listens; {@code options} are those of the command, without a port. */
    public static AuthServiceProcess start(Path keyFile, String... options) throws Exception {
        return start(List.of(), keyFile, options);
    }

    /** As {@link #start(Path, String...)}, with options of the JVM. */
    public static AuthServiceProcess start(List<String> jvm, Path keyFile, String... options) throws Exception {
        AuthServiceProcess service = new AuthServiceProcess(keyFile, jvm, List.of(options));
        service.startAgain();
        return service;
    }

    /** Starts after an end, on the port it had, and waits until it listens. */
    public void startAgain() throws Exception {
        List<String> arguments =
                new ArrayList<>(List.of("auth-service", "--file", keyFile.toString(), "--port", String.valueOf(port)));
        arguments.addAll(options);
        process = ToriiProcess.start(Map.of(), jvm, arguments.toArray(String[]::new));
        Matcher matcher = LISTENS.matcher(process.awaitLine("listens on"));
        if (!matcher.find()) {
            throw new AssertionError("no port in " + process.output());
        }
        port = Integer.parseInt(matcher.group(1));
    }

    /** Ends it as a crash does, and waits until it is gone. */
    public void kill() throws InterruptedException {
        process.close();
        process.awaitExit();
        earlier.append(process.output()).append('\n');
    }

    /** Stops it in its tracks: connections are taken, answers do not come. */
    public void freeze() throws Exception {
        signal("STOP");
    }

    /** Lets it go on. */
    public void thaw() throws Exception {
        signal("CONT");
    }

    private void signal(String name) throws Exception {
        new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                .start()
                .waitFor();
    }

    /** Sends SIGTERM, waits for the end and returns the exit code. */
    public int terminate() throws InterruptedException {
        process.terminate();
        int code = process.awaitExit();
        earlier.append(process.output()).append('\n');
        return code;
    }

    public int port() {
        return port;
    }

    public String url() {
        return "http://127.0.0.1:" + port;
    }

    /** Everything printed so far, before earlier ends too. */
    public String output() {
        return earlier + process.output();
    }

    @Override
    public void close() {
        process.close();
    }
}

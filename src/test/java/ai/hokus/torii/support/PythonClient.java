package ai.hokus.torii.support;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import ai.hokus.torii.cli.PythonEnvironment;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * MLflow's real Python client: runs a script of {@code src/test/resources/python} with nothing but the settings given
 * here. Its home is an empty folder, because a credentials file there would beat the token. Immutable; blocks.
 */
public final class PythonClient {

    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final String FOREIGN =
            "_?MLFLOW_.*|TORII_.*|DATABRICKS_.*|PYTHON(HOME|PATH)|(?i:(https?|all|no)_proxy)";

    private final PythonEnvironment python;
    private final Map<String, String> settings;

    private PythonClient(PythonEnvironment python, Map<String, String> settings) {
        this.python = python;
        this.settings = settings;
    }

    /**
     * How a script ended.
     *
     * @param exitCode its exit code
     * @param output its standard output
     * @param errors its standard error
     */
    public record Result(int exitCode, String output, String errors) {

        /** What the script reports in its last line, after an end with code 0. */
        public JsonObject facts() {
            if (exitCode != 0) {
                throw new AssertionError("the script failed: " + this);
            }
            return lastLine();
        }

        /** What the script reports in its last line, however it ended. */
        public JsonObject lastLine() {
            String text = output.strip();
            try {
                return new JsonObject(text.substring(text.lastIndexOf('\n') + 1));
            } catch (DecodeException e) {
                throw new AssertionError("the last line is no JSON object: " + this, e);
            }
        }
    }

    /** The client of the pinned version. */
    public static PythonClient current() throws InterruptedException {
        return new PythonClient(RealMlflow.environment(), Map.of());
    }

    /** The pinned version with what its basic-auth app needs. */
    public static PythonClient ofServer() throws InterruptedException {
        return new PythonClient(RealMlflow.environment(RealMlflow.withBasicAuth()), Map.of());
    }

    /** The last client and server of MLflow 2; it can be had for Python 3.10 to 3.13 only. */
    public static PythonClient ofMlflow2() throws InterruptedException {
        String constraints = RealMlflow.resource("/python/mlflow-2.22-constraints.txt");
        var spec = new PythonEnvironment.Spec(
                "mlflow-2.22.5", List.of("mlflow==2.22.5", "scikit-learn", "Flask-WTF"), constraints);
        try {
            return new PythonClient(RealMlflow.environment(spec), Map.of());
        } catch (AssertionError e) {
            throw new AssertionError(
                    "MLflow 2.22.5 runs on Python 3.10 to 3.13: if python3 is newer, put one of these first on the PATH"
                            + " (on Debian and Ubuntu: apt-get install python3.13 python3.13-venv). " + e.getMessage(),
                    e);
        }
    }

    /** With this tracking URI. */
    public PythonClient at(String trackingUri) {
        return with("MLFLOW_TRACKING_URI", trackingUri);
    }

    /** With this key as tracking token. */
    public PythonClient token(String key) {
        return with("MLFLOW_TRACKING_TOKEN", key);
    }

    /** With this variable in its environment. */
    public PythonClient with(String name, String value) {
        Map<String, String> more = new HashMap<>(settings);
        more.put(name, value);
        return new PythonClient(python, Map.copyOf(more));
    }

    /** Runs a script to its end; fails if that takes more than three minutes. */
    public Result run(String script, String... arguments) throws IOException, InterruptedException {
        Path home = Files.createTempDirectory("torii-client-");
        try {
            return run(home, script, arguments);
        } finally {
            RealMlflow.delete(home);
        }
    }

    /** Starts a script that is told more while it runs. */
    public PythonDialogue start(String script, String... arguments) throws IOException {
        Path home = Files.createTempDirectory("torii-client-");
        Path errors = home.resolve("stderr");
        return new PythonDialogue(
                builder(home, script, arguments).redirectError(errors.toFile()).start(), home, errors);
    }

    private Result run(Path home, String script, String... arguments) throws IOException, InterruptedException {
        Path output = home.resolve("stdout");
        Path errors = home.resolve("stderr");
        Process process = builder(home, script, arguments)
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile())
                .start();
        boolean ended = false;
        try {
            ended = process.waitFor(LIMIT.toMillis(), MILLISECONDS);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().onExit().join();
        }
        Result result =
                new Result(process.exitValue(), Files.readString(output, UTF_8), Files.readString(errors, UTF_8));
        if (!ended) {
            throw new AssertionError(script + " did not end within " + LIMIT + ": " + result);
        }
        return result;
    }

    private ProcessBuilder builder(Path home, String script, String... arguments) {
        List<String> command = new ArrayList<>(List.of(python.python().toString(), path(script)));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(home.toFile());
        builder.environment().keySet().removeIf(name -> name.matches(FOREIGN));
        builder.environment()
                .putAll(Map.of(
                        "HOME", home.toString(),
                        "TMPDIR", home.toString(),
                        "PYTHONIOENCODING", "utf-8",
                        "MLFLOW_DISABLE_TELEMETRY", "true",
                        "DO_NOT_TRACK", "true"));
        builder.environment().putAll(settings);
        return builder;
    }

    private static String path(String script) {
        try {
            return Path.of(PythonClient.class.getResource("/python/" + script).toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}

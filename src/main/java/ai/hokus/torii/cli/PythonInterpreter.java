package ai.hokus.torii.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A Python on this machine from which a virtual environment can be made.
 *
 * @param path the command, absolute
 * @param version major and minor, e.g. {@code 3.11}
 */
record PythonInterpreter(Path path, String version) {
    private static final int PROBE_SECONDS = 30;

    /** Settings by which an interpreter or pip would work on another folder than the virtual environment. */
    private static final Pattern FOREIGN = Pattern.compile(
            "PYTHONHOME|PYTHONPATH|VIRTUAL_ENV|__PYVENV_LAUNCHER__|PIP_(USER|TARGET|PREFIX|CONSTRAINT)");

    /** Says the version as 3.11, or fails with what is wrong. Python 2 understands it, too. */
    private static final String PROBE = """
            import sys
            version = 'version %d.%d' % sys.version_info[:2]
            if sys.version_info < (3, 10):
                sys.exit(version + ' is too old')
            import importlib.util
            if importlib.util.find_spec('ensurepip') is None:
                sys.exit(version + ' lacks the venv module')
            print('%d.%d' % sys.version_info[:2])
            """;

    /**
     * The first of {@code python3} and {@code python} on the PATH that will do. Blocks.
     *
     * @param environment PATH is read, the Python that is asked inherits all of it
     * @throws PythonUnavailableException if none will do; tells what is wrong with each
     */
    static PythonInterpreter find(Map<String, String> environment)
            throws PythonUnavailableException, InterruptedException {
        var tried = new ArrayList<String>();
        for (var name : List.of("python3", "python")) {
            var path = Stream.of(environment.getOrDefault("PATH", "").split(File.pathSeparator))
                    .filter(folder -> !folder.isEmpty())
                    .map(folder -> Path.of(folder, name).toAbsolutePath())
                    .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                    .findFirst();
            if (path.isEmpty()) {
                tried.add(name + ": not on the PATH");
                continue;
            }
            var said = probe(path.get(), environment);
            if (said.matches("\\d+\\.\\d+")) {
                return new PythonInterpreter(path.get(), said);
            }
            tried.add(path.get() + ": " + said);
        }
        throw PythonUnavailableException.noInterpreter(tried);
    }

    /** A copy of this environment that no setting of another Python spoils. */
    static Map<String, String> withoutForeignSettings(Map<String, String> environment) {
        var clean = new HashMap<>(environment);
        clean.keySet().removeIf(FOREIGN.asMatchPredicate());
        return Map.copyOf(clean);
    }

    /** A child with exactly this environment, its errors in its output. */
    static ProcessBuilder process(List<String> command, Map<String, String> environment) {
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder;
    }

    /** The version, or what is wrong with this interpreter: the last line that it says. */
    private static String probe(Path python, Map<String, String> environment) throws InterruptedException {
        try {
            var process = process(List.of(python.toString(), "-c", PROBE), environment)
                    .start();
            if (!process.waitFor(PROBE_SECONDS, SECONDS)) {
                process.destroyForcibly();
                return "does not answer";
            }
            var said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
            return said.substring(said.lastIndexOf('\n') + 1);
        } catch (IOException e) {
            return e.getMessage();
        }
    }
}

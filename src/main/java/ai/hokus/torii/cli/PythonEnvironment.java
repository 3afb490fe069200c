package ai.hokus.torii.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A Python virtual environment with pinned packages in the user's cache folder, made once and shared by all processes
 * of this user. It is never changed after it was made: other pins mean a new one in the same place. POSIX only.
 */
public final class PythonEnvironment {
    private static final ReentrantLock ONE_INSTALLATION_IN_THIS_JVM = new ReentrantLock();
    private static final String MARKER = "torii-installed.sha256";
    private static final int PROGRESS_EVERY_SECONDS = 3;
    private static final int LAST_LINES = 15;

    /**
     * Runs a Python module that ends when this JVM ends, also by SIGKILL: standard input is a pipe whose other end we
     * hold. An orphaned pip would write into the folder that the next process has just made anew.
     */
    private static final String TIED_TO_OUR_LIFE = """
            import os, runpy, sys, threading
            threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
            sys.argv = sys.argv[1:]
            runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
            """;

    private final Path directory;
    private final Path log;
    private final Map<String, String> environment;

    private PythonEnvironment(Path directory, Map<String, String> environment) {
        this.directory = directory;
        this.log = beside(".log");
        this.environment = environment;
    }

    /**
     * What an environment holds.
     *
     * @param name the folder's name without the Python version, e.g. {@code mlflow-3.17.2}
     * @param requirements what is installed, one PEP 508 requirement each
     * @param constraints the text of a pip constraints file that pins all that the requirements pull in
     */
    public record Spec(String name, List<String> requirements, String constraints) {
        /** Refuses a name that would leave the cache folder. */
        public Spec {
            if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
                throw new IllegalArgumentException("not a plain folder name: " + name);
            }
            requirements = List.copyOf(requirements);
        }

        private String digest() {
            try {
                var content = String.join("\n", requirements) + "\0" + constraints;
                var sha256 = MessageDigest.getInstance("SHA-256");
                return HexFormat.of().formatHex(sha256.digest(content.getBytes(UTF_8)));
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every JDK has SHA-256", e);
            }
        }
    }

    /**
     * Finds the environment in the cache or makes it, which takes a minute or two and needs the package index. Blocks;
     * while another process makes the same environment, waits for that.
     *
     * <p>The folder is {@code ${XDG_CACHE_HOME:-~/.cache}/torii/<name>-py<major.minor>}; a lock file and the log of the
     * installation lie beside it. A folder is used only if its marker, written last, holds the digest of {@code spec}.
     *
     * @param environment the process environment: PATH, HOME and XDG_CACHE_HOME are read, children inherit it
     * @param progress gets a line for each step and one every few seconds of a long step, on the calling thread
     * @throws PythonUnavailableException if there is no usable Python or the packages cannot be installed
     * @throws InterruptedException if the thread was interrupted; children are killed, the next call starts afresh
     */
    public static PythonEnvironment ensure(Spec spec, Map<String, String> environment, Consumer<String> progress)
            throws PythonUnavailableException, InterruptedException {
        var clean = PythonInterpreter.withoutForeignSettings(environment);
        var cache = cacheFolder(clean);
        ONE_INSTALLATION_IN_THIS_JVM.lockInterruptibly();
        try {
            var interpreter = PythonInterpreter.find(clean);
            Files.createDirectories(cache);
            var made = new PythonEnvironment(cache.resolve(spec.name() + "-py" + interpreter.version()), clean);
            // closing the channel gives the lock back, and so does the end of this process
            try (var channel =
                    FileChannel.open(made.beside(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                if (channel.tryLock() == null) {
                    progress.accept("waiting for another process that makes " + made.directory);
                    channel.lock();
                }
                if (!made.holds(spec)) {
                    made.install(spec, interpreter, progress);
                }
            }
            return made;
        } catch (IOException | UncheckedIOException e) {
            if (Thread.interrupted()) {
                throw (InterruptedException) new InterruptedException("interrupted in " + cache).initCause(e);
            }
            throw PythonUnavailableException.cacheUnusable(cache, e);
        } finally {
            ONE_INSTALLATION_IN_THIS_JVM.unlock();
        }
    }

    /** The environment's interpreter; run it without activating anything. */
    public Path python() {
        return directory.resolve("bin").resolve("python");
    }

    /** The environment's folder, absolute. */
    public Path directory() {
        return directory;
    }

    /** What children of ours start with: the environment handed to {@link #ensure} without foreign Python settings. */
    Map<String, String> environment() {
        return environment;
    }

    /** The last lines of a log from byte {@code from} on; bytes that are no UTF-8 become replacement characters. */
    static String lastLines(Path log, long from) throws IOException {
        var lines = textFrom(log, from).lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    }

    /** The text of a log that grows, from byte {@code from} on. */
    static String textFrom(Path log, long from) throws IOException {
        try (var in = Files.newInputStream(log)) {
            in.skipNBytes(from);
            return new String(in.readAllBytes(), UTF_8);
        }
    }

    private boolean holds(Spec spec) throws IOException {
        var marker = directory.resolve(MARKER);
        // the interpreter is a link to the one it was made with, which may be gone by now
        return Files.isExecutable(python())
                && Files.isRegularFile(marker)
                && Files.readString(marker).equals(spec.digest());
    }

    private void install(Spec spec, PythonInterpreter interpreter, Consumer<String> progress)
            throws IOException, InterruptedException, PythonUnavailableException {
        var startedAt = System.nanoTime();
        delete(directory);
        Files.deleteIfExists(log);
        progress.accept("making a virtual environment with Python " + interpreter.version() + " in " + directory);
        var venv = List.of("venv", directory.toString());
        if (run(interpreter.path(), venv, progress) != 0) {
            throw PythonUnavailableException.venvFailed(shown(interpreter.path(), venv), log, lastLines(log, 0));
        }
        var requirements = Files.write(directory.resolve("requirements.txt"), spec.requirements());
        var constraints = Files.writeString(directory.resolve("constraints.txt"), spec.constraints());
        var pip = new ArrayList<>(List.of("pip", "install", "--disable-pip-version-check", "--no-input"));
        pip.addAll(List.of("--progress-bar", "off", "-r", requirements.toString(), "-c", constraints.toString()));
        progress.accept("installing " + String.join(", ", spec.requirements()) + " (log: " + log + ")");
        if (run(python(), pip, progress) != 0) {
            progress.accept("pip failed, trying once more");
            if (run(python(), pip, progress) != 0) {
                throw PythonUnavailableException.pipFailed(shown(python(), pip), log, lastLines(log, 0));
            }
        }
        var draft = Files.writeString(directory.resolve(MARKER + ".new"), spec.digest());
        Files.move(draft, directory.resolve(MARKER), StandardCopyOption.ATOMIC_MOVE);
        progress.accept("installed in " + NANOSECONDS.toSeconds(System.nanoTime() - startedAt) + " s");
    }

    private int run(Path python, List<String> module, Consumer<String> progress)
            throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(python.toString(), "-I", "-u", "-c", TIED_TO_OUR_LIFE));
        command.addAll(module);
        var output = ProcessBuilder.Redirect.appendTo(log.toFile());
        var process = PythonInterpreter.process(command, environment)
                .redirectOutput(output)
                .start();
        try {
            var startedAt = System.nanoTime();
            while (!process.waitFor(PROGRESS_EVERY_SECONDS, SECONDS)) {
                var seconds = NANOSECONDS.toSeconds(System.nanoTime() - startedAt);
                progress.accept("%s, %d s: %s".formatted(module.get(0), seconds, whatPipDoes()));
            }
            return process.exitValue();
        } finally {
            // does nothing after a normal end
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().onExit().join();
        }
    }

    private String whatPipDoes() throws IOException {
        return textFrom(log, 0)
                .lines()
                .map(String::strip)
                .filter(line -> line.matches("(Collecting|Downloading|Using cached|Building|Installing) .*"))
                .reduce("working", (earlier, later) -> later)
                .replaceFirst("^Installing collected packages: .*", "unpacking all packages");
    }

    private Path beside(String suffix) {
        return directory.resolveSibling(directory.getFileName() + suffix);
    }

    private static String shown(Path python, List<String> module) {
        return python + " -m " + String.join(" ", module);
    }

    private static Path cacheFolder(Map<String, String> environment) {
        var xdg = Path.of(environment.getOrDefault("XDG_CACHE_HOME", ""));
        var home = environment.getOrDefault("HOME", System.getProperty("user.home"));
        // the XDG base directory specification: a relative path is invalid and ignored
        return (xdg.isAbsolute() ? xdg : Path.of(home, ".cache").toAbsolutePath()).resolve("torii");
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (var path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}

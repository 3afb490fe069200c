package ai.hokus.torii.cli;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A running MLflow server on the loopback interface that keeps its data in one folder: SQLite in {@code mlflow.db},
 * artifacts, which it serves itself, in {@code artifacts}, output in {@code mlflow.log}. A server started later on the
 * same folder has the same data. Whoever starts it closes it: it outlives this JVM otherwise.
 */
public final class MlflowProcess implements AutoCloseable {
    private static final int PORTS_TO_TRY = 5;
    private static final int POLL_MILLIS = 100;
    private static final int PROGRESS_EVERY_SECONDS = 3;
    private static final int GRACE_SECONDS = 5;

    /** 401 and 403 are answers too: a server with basic-auth or other allowed hosts gives them to our question. */
    private static final Set<Integer> ANSWERED = Set.of(200, 401, 403);

    private final Process process;
    private final URI uri;
    private final CompletableFuture<Void> exited;
    private final Set<ProcessHandle> tree = new HashSet<>();

    private MlflowProcess(Process process, URI uri) {
        this.process = process;
        this.uri = uri;
        this.exited = CompletableFuture.allOf(process.onExit());
    }

    /**
     * How a server is started.
     *
     * @param dataDirectory where all its data live; made if absent
     * @param port the port on 127.0.0.1, 0 for a free one
     * @param startTimeout how long it may take until it answers; a cold start takes about ten seconds
     * @param extraArguments come last on the command line and so win, e.g. {@code --no-serve-artifacts}; they must not
     *     silence the server's log line that names its address
     * @param extraEnvironment added to the environment; {@code MLFLOW_*} variables reach the server by this way only
     */
    public record Options(
            Path dataDirectory,
            int port,
            Duration startTimeout,
            List<String> extraArguments,
            Map<String, String> extraEnvironment) {
        /** Makes the folder absolute and copies the collections. */
        public Options {
            dataDirectory = dataDirectory.toAbsolutePath();
            extraArguments = List.copyOf(extraArguments);
            extraEnvironment = Map.copyOf(extraEnvironment);
        }

        /** A server on a free port that may take 90 seconds to start, nothing added. */
        public static Options in(Path dataDirectory) {
            return new Options(dataDirectory, 0, Duration.ofSeconds(90), List.of(), Map.of());
        }
    }

    /**
     * Starts a server and blocks until it answers an API call. A free port that somebody else takes in between is
     * replaced by another one.
     *
     * @param progress gets a line at the start, every few seconds and when the server is ready, on the calling thread
     * @throws IOException if it ends or does not answer in time, with its last log lines; it is stopped then
     * @throws InterruptedException if the thread was interrupted; the server is stopped then
     */
    public static MlflowProcess start(PythonEnvironment python, Options options, Consumer<String> progress)
            throws IOException, InterruptedException {
        Files.createDirectories(options.dataDirectory());
        var log = options.dataDirectory().resolve("mlflow.log");
        for (int attempt = 1; ; attempt++) {
            var port = options.port() == 0 ? freePort() : options.port();
            var logStart = Files.exists(log) ? Files.size(log) : 0;
            var server = launch(python, options, port, log);
            progress.accept("starting MLflow on " + server.uri + " (log: " + log + ")");
            var isReady = false;
            try {
                server.awaitReady(log, logStart, options.startTimeout(), progress);
                isReady = true;
                return server;
            } catch (IOException e) {
                if (options.port() != 0 || attempt == PORTS_TO_TRY || !isPortLost(log, logStart)) {
                    throw e;
                }
                progress.accept("port " + port + " was taken meanwhile, trying another one");
            } finally {
                if (!isReady) {
                    server.stop();
                }
            }
        }
    }

    /** The server's address without a trailing slash, e.g. {@code http://127.0.0.1:41234}. */
    public URI uri() {
        return uri;
    }

    /** The id of the process at the root of the server's process tree. */
    public long pid() {
        return process.pid();
    }

    /** Whether the root of the process tree runs; it ends when the server it guards ends. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** Completes, and never fails, when the server has ended for whatever reason; cancelling it ends nothing. */
    public CompletableFuture<Void> onExit() {
        return exited.copy();
    }

    /**
     * Ends the server and every process below it: asks, waits five seconds, then kills. Blocks until they are gone;
     * does nothing the second time. Safe in a shutdown hook and from any thread.
     */
    public synchronized void stop() {
        rememberTree();
        tree.forEach(ProcessHandle::destroy);
        if (!endsInTime()) {
            rememberTree();
            tree.forEach(ProcessHandle::destroyForcibly);
            endsInTime();
        }
    }

    /** The same as {@link #stop}. */
    @Override
    public void close() {
        stop();
    }

    private void rememberTree() {
        tree.add(process.toHandle());
        List.copyOf(tree).forEach(known -> known.descendants().forEach(tree::add));
    }

    private boolean endsInTime() {
        var ends = Stream.concat(Stream.of(exited), tree.stream().map(ProcessHandle::onExit))
                .toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(ends)
                .thenApply(nothing -> true)
                .completeOnTimeout(false, GRACE_SECONDS, SECONDS)
                .join();
    }

    private static MlflowProcess launch(PythonEnvironment python, Options options, int port, Path log)
            throws IOException {
        // paths relative to the working folder need no escaping in an SQLAlchemy URL
        var command = new ArrayList<>(List.of(python.python().toString(), "-m", "mlflow", "server"));
        command.addAll(List.of("--host", "127.0.0.1", "--port", Integer.toString(port), "--workers", "1"));
        command.addAll(List.of("--backend-store-uri", "sqlite:///mlflow.db"));
        command.addAll(List.of("--serve-artifacts", "--artifacts-destination", "./artifacts"));
        command.addAll(options.extraArguments());
        var builder = new ProcessBuilder(command)
                .directory(options.dataDirectory().toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        var environment = builder.environment();
        environment.clear();
        environment.putAll(python.environment());
        // a shell set up for a client (MLFLOW_TRACKING_URI, …_TOKEN) must not change what the server does
        environment.keySet().removeIf(name -> name.matches("_?MLFLOW_.*|UVICORN_.*|GUNICORN_CMD_ARGS"));
        environment.put("MLFLOW_DISABLE_TELEMETRY", "true");
        environment.put("DO_NOT_TRACK", "true");
        environment.put("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false");
        environment.putAll(options.extraEnvironment());
        return new MlflowProcess(builder.start(), URI.create("http://127.0.0.1:" + port));
    }

    private void awaitReady(Path log, long logStart, Duration timeout, Consumer<String> progress)
            throws IOException, InterruptedException {
        var startedAt = System.nanoTime();
        var nextLine = PROGRESS_EVERY_SECONDS;
        var client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .proxy(HttpClient.Builder.NO_PROXY)
                .build();
        while (!process.waitFor(POLL_MILLIS, MILLISECONDS)) {
            var elapsed = Duration.ofNanos(System.nanoTime() - startedAt);
            // another server may have this port: ours names the address in its log once it listens there
            if (PythonEnvironment.textFrom(log, logStart).contains(uri.toString()) && isAnswering(client)) {
                rememberTree();
                progress.accept("MLflow is ready after " + elapsed.toMillis() + " ms");
                return;
            }
            if (elapsed.compareTo(timeout) > 0) {
                throw failure("does not answer within " + timeout.toSeconds() + " s", log, logStart);
            }
            if (elapsed.toSeconds() >= nextLine) {
                progress.accept("MLflow is starting, " + elapsed.toSeconds() + " s");
                nextLine += PROGRESS_EVERY_SECONDS;
            }
        }
        throw failure("ended with code " + process.exitValue(), log, logStart);
    }

    private boolean isAnswering(HttpClient client) throws InterruptedException {
        var request = HttpRequest.newBuilder(uri.resolve("/api/2.0/mlflow/experiments/search?max_results=1"))
                .timeout(Duration.ofSeconds(GRACE_SECONDS))
                .build();
        try {
            return ANSWERED.contains(
                    client.send(request, BodyHandlers.discarding()).statusCode());
        } catch (IOException notYet) {
            // the log tells why, and the caller quotes it when the time is up
            return false;
        }
    }

    private IOException failure(String what, Path log, long logStart) throws IOException {
        return new IOException("MLflow on %s %s; the last lines of %s:%n%s"
                .formatted(uri, what, log, PythonEnvironment.lastLines(log, logStart)));
    }

    private static boolean isPortLost(Path log, long logStart) throws IOException {
        return PythonEnvironment.textFrom(log, logStart).contains("address already in use");
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}

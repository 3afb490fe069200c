package ai.hokus.torii.bench;

import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The packaged gateway in a JVM of its own, as it is shipped: its JVM options, its settings, only addresses and ports
 * are given. Its log is thrown away; it dies with this process.
 */
final class GatewayChild implements AutoCloseable {

    private static final Path JAR = Path.of("target", "torii.jar");
    private static final Path JVM_OPTIONS = Path.of("conf", "jvm.options");
    private static final int POLL_MILLIS = 100;

    private final Process process;
    private final Thread lastResort;
    private final HttpClientAgent management;
    private final int port;

    private GatewayChild(Vertx vertx, Process process, int port, int managementPort) {
        this.process = process;
        this.port = port;
        this.lastResort = new Thread(process::destroyForcibly, "gateway-end");
        Runtime.getRuntime().addShutdownHook(lastResort);
        this.management = vertx.createHttpClient(
                new HttpClientOptions().setDefaultHost("127.0.0.1").setDefaultPort(managementPort),
                new PoolOptions().setHttp1MaxSize(1));
    }

    /** Whether it can be started and looked into from here. */
    static boolean isPossible() {
        return Files.exists(JAR) && Files.exists(JVM_OPTIONS) && Files.exists(Path.of("/proc/self/status"));
    }

    /** Starts, and waits until it is ready. */
    static GatewayChild start(Vertx vertx, String authUrl, String mlflowUrl) throws Exception {
        int[] ports = freePorts();
        Map<String, String> settings = Map.of(
                "MLFLOW_SERVER_URL",
                mlflowUrl,
                "HOKUSAI_AUTH_SERVICE_URL",
                authUrl,
                "API_HOST",
                "127.0.0.1",
                "API_PORT",
                String.valueOf(ports[0]),
                "TORII_MANAGEMENT_PORT",
                String.valueOf(ports[1]));
        GatewayChild child = new GatewayChild(vertx, start(settings), ports[0], ports[1]);
        try {
            child.awaitReady(vertx);
        } catch (Exception e) {
            child.close();
            throw e;
        }
        return child;
    }

    private static Process start(Map<String, String> settings) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder builder = new ProcessBuilder(java, "@" + JVM_OPTIONS, "-jar", JAR.toString(), "serve")
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.INHERIT);
        builder.environment().keySet().removeIf(name -> name.matches("(TORII|API|MLFLOW|HOKUSAI|AUTH|CORS|REDIS)_.*"));
        builder.environment().putAll(settings);
        return builder.start();
    }

    private static int[] freePorts() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocket one = new ServerSocket(0, 1, loopback);
                ServerSocket other = new ServerSocket(0, 1, loopback)) {
            return new int[] {one.getLocalPort(), other.getLocalPort()};
        }
    }

    private void awaitReady(Vertx vertx) throws Exception {
        Promise<Void> ready = Promise.promise();
        long polls = vertx.setPeriodic(
                POLL_MILLIS,
                id -> management
                        .request(HttpMethod.GET, "/ready")
                        .compose(request -> request.send()
                                .compose(response -> response.end().map(response.statusCode())))
                        .onSuccess(status -> {
                            if (status == 200) {
                                ready.tryComplete();
                            }
                        }));
        process.onExit().thenAccept(ended -> ready.tryFail("the gateway ended with " + ended.exitValue()));
        try {
            ready.future().await(60, TimeUnit.SECONDS);
        } finally {
            vertx.cancelTimer(polls);
        }
    }

    /** Its numbers, now. */
    Scrape scrape() throws Exception {
        String text = management
                .request(HttpMethod.GET, "/metrics")
                .compose(request -> request.send().compose(response -> response.body()))
                .await(10, TimeUnit.SECONDS)
                .toString();
        return new Scrape(text);
    }

    int port() {
        return port;
    }

    long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        management.close();
        Runtime.getRuntime().removeShutdownHook(lastResort);
    }
}

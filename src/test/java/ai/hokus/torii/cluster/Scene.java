package ai.hokus.torii.cluster;

import ai.hokus.torii.support.PrometheusServer;
import ai.hokus.torii.support.RedisServer;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestAuthority;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * Two packaged gateways, one of them with TLS, behind mixed callers and in front of an auth service, two replicas of
 * MLflow and a real Redis, each of which can fail.
 */
final class Scene implements AutoCloseable {

    private static final Path RULES = Path.of("k8s/components/monitoring/prometheusrule.yaml");
    private static final int CERTIFICATE_DAYS = 90;
    private static final String JVM = "-Xmx128m";

    private final Deque<Runnable> ends = new ArrayDeque<>();
    private final Path configuration;
    private final List<Integer> managementPorts = freePorts(2);
    private final List<Map<String, String>> environments = new ArrayList<>();
    private final ToriiProcess[] gateways = new ToriiProcess[2];
    private final StubAuthService auth;
    private final List<PretendMlflow> mlflow;
    private final RedisServer redis;
    private Callers callers;

    /** Starts all but the callers; an acceptance is remembered for {@code ttl}. */
    Scene(Vertx vertx, Path folder, String ttl) throws Exception {
        auth = StubAuthService.start(vertx);
        mlflow = List.of(
                opened(PretendMlflow.start(vertx), PretendMlflow::close),
                opened(PretendMlflow.start(vertx), PretendMlflow::close));
        redis = opened(RedisServer.start(), RedisServer::close);
        configuration = folder.resolve("torii.yaml");
        configure("https://app.example.com");
        TestAuthority.Issued issued =
                TestAuthority.make(folder, "authority").issue("server", "DNS:localhost,IP:127.0.0.1", CERTIFICATE_DAYS);
        environments.add(
                environment(0, ttl, "TORII_CONFIG", configuration.toString(), "TORII_LISTENER_MAX_CONNECTIONS", "60"));
        environments.add(environment(
                1,
                ttl,
                "TORII_LISTENER_TLS_CERT_PATH",
                issued.certificate().toString(),
                "TORII_LISTENER_TLS_KEY_PATH",
                issued.key().toString()));
        startGateway(0);
        startGateway(1);
    }

    private Map<String, String> environment(int number, String ttl, String... more) {
        Map<String, String> environment = TestGateway.environment(
                mlflow.get(0).url() + "," + mlflow.get(1).url(), auth.url(), more);
        environment.putAll(Map.of(
                "TORII_MANAGEMENT_PORT", String.valueOf(managementPorts.get(number)),
                "TORII_AUTH_CACHE_TTL", ttl,
                "TORII_AUTH_CACHE_REFUSED_TTL", "1s",
                "TORII_MLFLOW_PROBE_INTERVAL", "1s",
                "REDIS_URL", redis.url(),
                "TORII_RATELIMIT_STORE", "redis",
                "TORII_ADMIN_TOKEN", "an-admin-token-of-the-tests",
                "TORII_ADMIN_SHARE_REVOCATIONS", "true"));
        return environment;
    }

    private <T> T opened(T resource, Consumer<T> end) {
        ends.push(() -> end.accept(resource));
        return resource;
    }

    /** Ports that were free a moment ago. */
    private static List<Integer> freePorts(int count) throws IOException {
        List<ServerSocket> held = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            held.add(new ServerSocket(0));
        }
        List<Integer> ports = held.stream().map(ServerSocket::getLocalPort).toList();
        for (ServerSocket socket : held) {
            socket.close();
        }
        return ports;
    }

    /** Starts the gateway of this number, after {@link #killGateway} on the ports it had. */
    void startGateway(int number) throws Exception {
        gateways[number] = opened(ToriiProcess.serve(environments.get(number), JVM), ToriiProcess::close);
        environments.get(number).put("API_PORT", String.valueOf(gateways[number].apiPort()));
    }

    /** Ends it as a crash does. */
    void killGateway(int number) throws Exception {
        gateways[number].close();
        gateways[number].awaitExit();
    }

    /** Callers come, until this scene is closed. */
    void letCallersCome(Vertx vertx) {
        callers = opened(
                new Callers(vertx, auth, List.of(gateways[0].apiPort(), gateways[1].apiPort()), gateways[1].apiPort()),
                Callers::close);
    }

    /** More connections to gateway 0 than it takes. */
    void crowd() {
        callers.crowd(gateways[0].apiPort());
    }

    /** What the gateway of this number has written since its last start. */
    String log(int number) {
        return gateways[number].output();
    }

    /** Where Prometheus finds the gateways. */
    List<String> targets() {
        return managementPorts.stream().map(port -> "127.0.0.1:" + port).toList();
    }

    /** A Prometheus that scrapes the gateways and knows the rules; closed with this scene. */
    PrometheusServer watchedBy(Path folder, Duration interval) throws IOException {
        String job =
                PrometheusServer.job("torii", targets().toArray(String[]::new)) + "\n    labels: {namespace: mlflow}";
        return opened(PrometheusServer.start(folder, interval, job, List.of(rules(folder))), PrometheusServer::close);
    }

    /** The rules as a file of Prometheus' own: what the operator makes of the manifest. */
    private static Path rules(Path folder) throws IOException {
        Map<String, Object> manifest = new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(RULES));
        return Files.writeString(folder.resolve("rules.yaml"), new Yaml().dump(manifest.get("spec")));
    }

    void failAuthService() {
        auth.lying(503, "away");
    }

    void healAuthService() {
        auth.honest();
    }

    void refuseHost(boolean refuses) {
        mlflow.forEach(replica -> replica.refuseHost(refuses));
    }

    /** One of two. */
    PretendMlflow mlflow(int number) {
        return mlflow.get(number);
    }

    RedisServer redis() {
        return redis;
    }

    /** Writes the configuration file of gateway 0. */
    void configure(String origins) throws IOException {
        Files.writeString(configuration, "cors:\n  origins: " + origins + "\n");
    }

    @Override
    public void close() {
        ends.forEach(Runnable::run);
    }
}

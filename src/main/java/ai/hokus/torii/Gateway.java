package ai.hokus.torii;

import ai.hokus.torii.config.AuthorizationConfig;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.Problem;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.KeyCheck;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.health.HealthMonitor;
import ai.hokus.torii.proxy.Spool;
import ai.hokus.torii.proxy.UpstreamCalls;
import ai.hokus.torii.telemetry.Meters;
import ai.hokus.torii.telemetry.Telemetry;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds the rooms from the configuration and listens: api verticles, one an event loop, and one for management. The
 * only place where rooms meet.
 */
public final class Gateway {

    private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);
    private static final Duration MLFLOW_INTERVAL = Duration.ofSeconds(10);
    private static final Duration AUTH_INTERVAL = Duration.ofMinutes(1);
    private static final Duration ARTIFACTS_INTERVAL = Duration.ofMinutes(10);
    private static final AtomicInteger SHARED_FREE_PORTS = new AtomicInteger();
    private static final Set<String> NO_API = Set.of("server", "ui", "other", "added");
    private static final String AUTH = "auth";
    private static final String MLFLOW = "mlflow";
    private static final String ARTIFACTS = "artifacts";

    private final Vertx vertx;
    private final GatewayConfig config;
    private final Shared shared;
    private final AuthSource authSource;
    private final List<String> deployments = new CopyOnWriteArrayList<>();
    private Future<Void> drained;
    private int apiPort;
    private int managementPort;

    /** What the verticles of one process have in common; all of it is safe for concurrent use. */
    record Shared(
            Build build,
            Policy policy,
            Meters meters,
            Telemetry telemetry,
            HealthMonitor health,
            Spool spool,
            LongAdder upstreamConnections) {

        JsonObject buildJson() {
            return new JsonObject().put("version", build.version()).put("commit", build.commit());
        }
    }

    private Gateway(Vertx vertx, GatewayConfig config, Shared shared, AuthSource authSource) {
        this.vertx = vertx;
        this.config = config;
        this.shared = shared;
        this.authSource = authSource;
    }

    /**
     * Starts listening. Dependencies that are down do not keep it from starting.
     *
     * @return the running gateway; a failed future with a {@link ListenException} when a port cannot be had, with an
     *     {@link InvalidConfigException} when the key file cannot be read or the configuration does not fit the route
     *     catalogue
     */
    public static Future<Gateway> start(Vertx vertx, GatewayConfig config) {
        Policy policy;
        try {
            policy = Policy.of(config);
        } catch (InvalidConfigException e) {
            return Future.failedFuture(e);
        }
        Build build = Build.read();
        Meters meters = new Meters(build.version(), build.commit());
        Spool spool = new Spool(vertx, config.forward().spool());
        meters.gauge("torii.spool.bytes", "Bytes of bodies without a length that wait in files", spool::heldBytes);
        HealthMonitor health = new HealthMonitor(vertx);
        Telemetry telemetry = new Telemetry(meters, exchange -> observe(health, exchange));
        LongAdder upstreamConnections = new LongAdder();
        meters.gauge("torii.upstream.connections", "Open connections to MLflow", upstreamConnections::sum);
        boolean enforces = config.authorization().mode() == AuthorizationConfig.Mode.ENFORCE;
        meters.gauge("torii.authorization.enforced", "0 while refusals are only rehearsed", () -> enforces ? 1 : 0);
        if (!enforces) {
            LOG.warn("authorization.mode is report: nobody is refused for want of a scope");
        }
        Shared shared = new Shared(build, policy, meters, telemetry, health, spool, upstreamConnections);
        return AuthSource.open(vertx, config.auth(), meters)
                .compose(source -> new Gateway(vertx, config, shared, source).deploy())
                .onFailure(cause -> meters.close());
    }

    /**
     * What in a configuration does not fit the route catalogue, which the configuration itself cannot know; each problem
     * names a setting by its dotted key.
     */
    public static List<Problem> problems(GatewayConfig config) {
        return Policy.problems(config);
    }

    private Future<Gateway> deploy() {
        shared.health()
                .remark(
                        AUTH,
                        () -> authSource.isSuspect()
                                ? Optional.of(Reason.AUTH_CONTRACT_SUSPECT.code())
                                : Optional.empty());
        Promise<Integer> apiBound = Promise.promise();
        Promise<Integer> managementBound = Promise.promise();
        // Management first: whoever waits for the gateway can ask it from the beginning.
        return vertx.deployVerticle(new ManagementListener(config, shared, authSource, managementBound))
                .onSuccess(deployments::add)
                .compose(id -> deployApi(apiBound))
                .compose(id -> Future.all(apiBound.future(), managementBound.future()))
                .map(bound -> {
                    apiPort = apiBound.future().result();
                    managementPort = managementBound.future().result();
                    LOG.info(
                            "torii {} listens on {}:{} (api) and {}:{} (management)",
                            shared.build().version(),
                            config.api().host(),
                            apiPort,
                            config.management().host(),
                            managementPort);
                    return this;
                })
                .onFailure(cause -> undeploy());
    }

    private Future<String> deployApi(Promise<Integer> bound) {
        // Instances share a free port only under one negative number, and other gateways of this Vert.x must not share
        // it.
        int port = config.api().port() == 0
                ? SHARED_FREE_PORTS.decrementAndGet()
                : config.api().port();
        return vertx.deployVerticle(
                        () -> new ApiListener(config, port, shared, authSource, bound),
                        new DeploymentOptions().setInstances(config.api().instances()))
                .onSuccess(deployments::add);
    }

    /** Registers what readiness depends on. */
    static void registerChecks(
            HealthMonitor health, UpstreamCalls mlflow, Supplier<Future<Void>> auth, boolean servesArtifacts) {
        health.register(new HealthMonitor.Check(AUTH, true, AUTH_INTERVAL, auth));
        health.register(new HealthMonitor.Check(MLFLOW, true, MLFLOW_INTERVAL, () -> mlflow.probe(MlflowProbes.API)));
        if (servesArtifacts) {
            health.register(new HealthMonitor.Check(
                    ARTIFACTS, false, ARTIFACTS_INTERVAL, () -> mlflow.probe(MlflowProbes.ARTIFACTS)));
        }
    }

    /** Traffic that went well spares the checks the asking. */
    private static void observe(HealthMonitor health, Exchange exchange) {
        boolean asked = exchange.keyCheck()
                .map(KeyCheck::source)
                .filter(VerdictSource.CALL::equals)
                .isPresent();
        if (asked && exchange.principal().isPresent()) {
            health.seen(AUTH);
        }
        boolean answered = exchange.upstreamNanos() >= 0 && exchange.failure().isEmpty();
        // These are exempt from MLflow's host check, so they prove nothing about its API.
        boolean isApi = !NO_API.contains(exchange.operation().area());
        if (answered && isApi && exchange.response().getStatusCode() < 300) {
            health.seen(exchange.operation().isArtifactTransfer() ? ARTIFACTS : MLFLOW);
        }
    }

    /** The port the api listener is bound to. */
    public int apiPort() {
        return apiPort;
    }

    /** The port the management listener is bound to. */
    public int managementPort() {
        return managementPort;
    }

    /** Whether every dependency has answered properly once; the same as {@code /ready}. */
    public boolean isReady() {
        return shared.health().isReady();
    }

    /**
     * Ends in order: {@code /ready} says no at once, new requests are served for the drain delay, those in flight may
     * take up to the grace time, what is left is reset, and the listeners close. The caller closes Vert.x afterwards.
     *
     * @return completes at the end; asked again, the same
     */
    public synchronized Future<Void> drain() {
        if (drained == null) {
            drained = end();
        }
        return drained;
    }

    private Future<Void> end() {
        shared.health().drain();
        Promise<Void> delayed = Promise.promise();
        long millis = config.drain().delay().toMillis();
        if (millis == 0) {
            delayed.complete();
        } else {
            vertx.setTimer(millis, id -> delayed.complete());
        }
        return delayed.future()
                .compose(v -> undeploy())
                .eventually(() -> {
                    authSource.close();
                    shared.meters().close();
                    return Future.succeededFuture();
                })
                .mapEmpty();
    }

    private Future<?> undeploy() {
        return Future.join(deployments.stream().map(vertx::undeploy).toList());
    }
}

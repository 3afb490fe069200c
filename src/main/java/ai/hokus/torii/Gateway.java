package ai.hokus.torii;

import ai.hokus.torii.auth.KeyHasher;
import ai.hokus.torii.config.DrainConfig;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.Problem;
import ai.hokus.torii.health.HealthMonitor;
import ai.hokus.torii.proxy.Occupancy;
import ai.hokus.torii.ratelimit.Limits;
import ai.hokus.torii.telemetry.Meters;
import ai.hokus.torii.telemetry.Telemetry;
import ai.hokus.torii.telemetry.Throttle;
import com.github.benmanes.caffeine.cache.Ticker;
import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds the rooms from the configuration and listens: api verticles, one an event loop, and one for management. The
 * only place where rooms meet.
 */
public final class Gateway {

    private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);
    private static final AtomicInteger SHARED_FREE_PORTS = new AtomicInteger();
    private static final Duration REFUSALS_PAUSE = Duration.ofSeconds(10);
    static final String AUTH = "auth";
    static final String MLFLOW = "mlflow";
    static final String ARTIFACTS = "artifacts";

    private final Vertx vertx;
    private final Shared shared;
    private final List<ApiListener> apiListeners = new CopyOnWriteArrayList<>();
    private final List<String> deployments = new CopyOnWriteArrayList<>();
    private volatile String managementDeployment;
    private volatile Rooms rooms;
    private ManagementListener management;
    private Future<Void> drained;
    private int apiPort;
    private int managementPort;

    /** What stays whatever the configuration becomes; all of it is safe for concurrent use. */
    record Shared(
            Build build,
            Meters meters,
            Telemetry telemetry,
            HealthMonitor health,
            Occupancy occupancy,
            KeyHasher keyMarks,
            Optional<ListenerCertificate> tls,
            Drain drain,
            Limits limits,
            ConnectionCaps caps) {

        JsonObject buildJson() {
            return new JsonObject().put("version", build.version()).put("commit", build.commit());
        }
    }

    private Gateway(Vertx vertx, Shared shared, Rooms rooms) {
        this.vertx = vertx;
        this.shared = shared;
        this.rooms = rooms;
    }

    /**
     * Starts listening. Dependencies that are down do not keep it from starting.
     *
     * @return the running gateway; a failed future with a {@link ListenException} when a port cannot be had, with an
     *     {@link InvalidConfigException} when the key file cannot be read or the configuration does not fit the route
     *     catalogue
     */
    public static Future<Gateway> start(Vertx vertx, GatewayConfig config) {
        Build build = Build.read();
        Meters meters = new Meters(build.version(), build.commit());
        HealthMonitor health = new HealthMonitor(vertx);
        Telemetry telemetry = new Telemetry(meters, new Evidence(health));
        Limits limits = new Limits(Ticker.systemTicker());
        limits.register(meters::counted, meters::gauge);
        ConnectionCaps caps = new ConnectionCaps(
                meters.counters("torii.connections.refused", "Connections beyond a cap", "cap", ConnectionCaps.TAGS),
                new Throttle(System::nanoTime, REFUSALS_PAUSE));
        telemetry.use(config.log());
        return ListenerCertificate.open(vertx, config.api().tls(), meters)
                .compose(tls -> {
                    Shared shared = new Shared(
                            build,
                            meters,
                            telemetry,
                            health,
                            new Occupancy(),
                            KeyHasher.create(false),
                            tls,
                            new Drain(),
                            limits,
                            caps);
                    return Rooms.of(vertx, config, shared, Optional.empty())
                            .compose(rooms -> new Gateway(vertx, shared, rooms).deploy());
                })
                .onFailure(cause -> meters.close());
    }

    /**
     * Goes over to another configuration: new requests follow it, those under way end as they began, no connection of a
     * caller is closed. Addresses, ports and the number of event loops stay as they are until the next start. From any
     * thread, one after the other.
     *
     * @return completes when all event loops follow it; fails with an {@link InvalidConfigException} when it cannot be
     *     followed, and then nothing has changed
     */
    public Future<Void> reload(GatewayConfig next) {
        Rooms before = rooms;
        return Rooms.of(vertx, next, shared, Optional.of(before)).compose(after -> {
            rooms = after;
            shared.telemetry().use(next.log());
            return Future.join(apiListeners.stream()
                            .map(listener -> listener.use(after))
                            .toList())
                    .compose(v -> management.use(after))
                    .onSuccess(v -> before.retire(after));
        });
    }

    /**
     * What in a configuration does not fit the route catalogue, which the configuration itself cannot know; each problem
     * names a setting by its dotted key.
     */
    public static List<Problem> problems(GatewayConfig config) {
        return Policy.problems(config);
    }

    private Future<Gateway> deploy() {
        new GatewayReports(shared, () -> rooms).describe();
        Promise<Integer> apiBound = Promise.promise();
        Promise<Integer> managementBound = Promise.promise();
        management = new ManagementListener(rooms, shared, managementBound);
        // Management first: whoever waits for the gateway can ask it from the beginning.
        return vertx.deployVerticle(management)
                .onSuccess(id -> managementDeployment = id)
                .compose(id -> deployApi(apiBound))
                .compose(id -> Future.all(apiBound.future(), managementBound.future()))
                .map(bound -> {
                    apiPort = apiBound.future().result();
                    managementPort = managementBound.future().result();
                    GatewayConfig config = rooms.config();
                    LOG.info(
                            "torii {} listens on {}:{} (api) and {}:{} (management)",
                            shared.build().version(),
                            config.api().host(),
                            apiPort,
                            config.management().host(),
                            managementPort);
                    OpenFiles.limit()
                            .flatMap(limit -> OpenFiles.shortage(limit, config))
                            .ifPresent(LOG::warn);
                    return this;
                })
                .onFailure(cause -> undeploy());
    }

    private Future<String> deployApi(Promise<Integer> bound) {
        GatewayConfig config = rooms.config();
        // Instances share a free port only under one negative number, and other gateways of this Vert.x must not share
        // it.
        int port = config.api().port() == 0
                ? SHARED_FREE_PORTS.decrementAndGet()
                : config.api().port();
        return vertx.deployVerticle(
                        () -> {
                            ApiListener listener = new ApiListener(rooms, port, shared, bound);
                            apiListeners.add(listener);
                            return listener;
                        },
                        new DeploymentOptions().setInstances(config.api().instances()))
                .onSuccess(deployments::add);
    }

    /** The configuration in force. */
    public GatewayConfig config() {
        return rooms.config();
    }

    /** Whether it is on its way out. */
    synchronized boolean isDraining() {
        return drained != null;
    }

    /** Where what looks after this gateway registers its numbers. */
    Meters meters() {
        return shared.meters();
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
     * take up to the grace time, what is left is reset, and the listeners close, that for management last. The caller
     * closes Vert.x afterwards.
     *
     * @return completes at the end; asked again, the same
     */
    public synchronized Future<Void> drain() {
        if (drained == null) {
            drained = end();
        }
        return drained;
    }

    /** The same, but what has not ended by now is reset, so that none of it can look whole; also during a drain. */
    public void cut() {
        shared.drain().cut();
        drain();
    }

    /** How long a drain may take by the settings now in force; closing what is left comes on top. */
    public Duration longestDrain() {
        DrainConfig drain = rooms.config().drain();
        return drain.delay().plus(drain.grace());
    }

    private Future<Void> end() {
        shared.health().drain();
        shared.drain().begin();
        Promise<Void> delayed = Promise.promise();
        shared.drain().whenCut().onSuccess(v -> delayed.tryComplete());
        long millis = rooms.config().drain().delay().toMillis();
        if (millis == 0) {
            delayed.tryComplete();
        } else {
            vertx.setTimer(millis, id -> delayed.tryComplete());
        }
        return delayed.future()
                .compose(v -> undeploy())
                .eventually(() -> {
                    rooms.close();
                    shared.tls().ifPresent(ListenerCertificate::close);
                    shared.telemetry().tellLeftOut();
                    shared.meters().close();
                    return Future.succeededFuture();
                })
                .mapEmpty();
    }

    /** Runs something on a verticle's event loop; fails with what it throws. */
    static Future<Void> on(Context context, Runnable action) {
        Promise<Void> done = Promise.promise();
        context.runOnContext(v -> Future.succeededFuture()
                .<Void>map(ready -> {
                    action.run();
                    return null;
                })
                .onComplete(done));
        return done.future();
    }

    private Future<?> undeploy() {
        // Management last: whoever watches sees the end of it.
        return Future.join(deployments.stream().map(vertx::undeploy).toList())
                .eventually(() ->
                        managementDeployment == null ? Future.succeededFuture() : vertx.undeploy(managementDeployment));
    }
}

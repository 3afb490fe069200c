package ai.hokus.torii;

import ai.hokus.torii.admin.AdminRoutes;
import ai.hokus.torii.admin.Broadcast;
import ai.hokus.torii.admin.RevocationFeed;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.health.HealthEndpoints;
import ai.hokus.torii.health.HealthMonitor;
import ai.hokus.torii.proxy.ReplicaWatch;
import ai.hokus.torii.proxy.Replicas;
import ai.hokus.torii.proxy.UpstreamCalls;
import ai.hokus.torii.proxy.UpstreamPool;
import ai.hokus.torii.telemetry.ScrapeFormat;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The listener for operators: metrics and probes. Also the home of the health checks, which need an event loop. */
final class ManagementListener extends VerticleBase {

    private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(5);
    private static final long TELL_MILLIS = 1000;
    private static final Duration FEED_INTERVAL = Duration.ofSeconds(10);
    private static final Duration MLFLOW_INTERVAL = Duration.ofSeconds(10);
    private static final Duration AUTH_INTERVAL = Duration.ofMinutes(1);
    private static final Duration ARTIFACTS_INTERVAL = Duration.ofMinutes(10);
    private static final String REVOCATIONS = "revocations";
    private static final String LISTENING = "torii.revocations.listening";
    private static final int IDLE_SECONDS = 75;

    private final Rooms first;
    private final Gateway.Shared shared;
    private final Promise<Integer> bound;
    private GatewayConfig config;
    private AuthSource authSource;
    private UpstreamPool pool;
    private Runnable unwatch = () -> {};
    private ReplicaWatch watch;
    private AuthSource.Handle auth;
    private HttpServer server;
    private Handler<HttpServerRequest> routes;
    private Optional<RevocationFeed> feed = Optional.empty();

    /** Looks after these rooms first. */
    ManagementListener(Rooms first, Gateway.Shared shared, Promise<Integer> bound) {
        this.first = first;
        this.shared = shared;
        this.bound = bound;
    }

    @Override
    public Future<?> start() {
        vertx.setPeriodic(TELL_MILLIS, id -> shared.telemetry().tellLeftOut());
        unwatch = shared.meters().eventLoopDelay().watch(vertx);
        follow(first);
        shared.health().start();
        server = vertx.createHttpServer(new HttpServerOptions()
                        .setHttp2ClearTextEnabled(false)
                        .setHandle100ContinueAutomatically(true)
                        .setIdleTimeout(IDLE_SECONDS))
                .requestHandler(request -> routes.handle(request));
        String host = config.management().host();
        int port = config.management().port();
        return server.listen(port, host)
                .onSuccess(s -> bound.tryComplete(s.actualPort()))
                .recover(cause -> ListenException.of("TORII_MANAGEMENT_PORT", host, port, cause));
    }

    /**
     * Looks after these rooms from now on: other checks, other orders. From any thread.
     *
     * @return completes when it is so
     */
    Future<Void> use(Rooms next) {
        return Gateway.on(context, () -> {
            UpstreamPool oldPool = pool;
            AuthSource.Handle oldAuth = auth;
            follow(next);
            oldAuth.close().run();
            oldPool.close();
        });
    }

    private void follow(Rooms next) {
        boolean sameFeed = authSource == next.authSource()
                && config.admin().equals(next.config().admin());
        config = next.config();
        authSource = next.authSource();
        pool = new UpstreamPool(vertx, config.mlflow(), config.forward(), next.upstream(), shared.occupancy());
        auth = authSource.validator(vertx);
        UpstreamCalls mlflow = new UpstreamCalls(pool, config.mlflow(), PROBE_TIMEOUT);
        registerChecks(mlflow, next.replicas());
        watch(mlflow, next.replicas());
        if (!sameFeed) {
            feed.ifPresent(RevocationFeed::stop);
            feed = openFeed();
        }
        routes = routes(next);
    }

    /** Registers what readiness depends on. */
    private void registerChecks(UpstreamCalls mlflow, Replicas replicas) {
        HealthMonitor health = shared.health();
        health.register(new HealthMonitor.Check(Gateway.AUTH, true, AUTH_INTERVAL, auth.probe()));
        // One that answers is enough.
        health.register(new HealthMonitor.Check(
                Gateway.MLFLOW,
                true,
                MLFLOW_INTERVAL,
                () -> replicas.haveAnswered() ? Future.succeededFuture() : mlflow.probe(MlflowProbes.API)));
        if (config.mlflow().servesArtifacts()) {
            health.register(new HealthMonitor.Check(
                    Gateway.ARTIFACTS, false, ARTIFACTS_INTERVAL, () -> mlflow.probe(MlflowProbes.ARTIFACTS)));
        } else {
            health.unregister(Gateway.ARTIFACTS);
        }
    }

    private void watch(UpstreamCalls mlflow, Replicas replicas) {
        if (watch != null) {
            watch.stop();
        }
        watch = new ReplicaWatch(vertx, replicas, mlflow, config.mlflow().upstreams(), MlflowProbes.API);
        watch.start();
    }

    /** Hears and tells the other replicas, when it is configured. */
    private Optional<RevocationFeed> openFeed() {
        if (!config.admin().sharesRevocations()) {
            shared.health().unregister(REVOCATIONS);
            shared.meters().forget(LISTENING);
            return Optional.empty();
        }
        RevocationFeed opened = new RevocationFeed(
                vertx,
                config.admin().redis().orElseThrow(),
                authSource.orders(),
                shared.meters()
                        .counters(
                                "torii.revocations",
                                "Orders of other replicas to forget verdicts",
                                "order",
                                RevocationFeed.ORDERS));
        shared.meters()
                .gauge(LISTENING, "1 while the orders of other replicas arrive", () -> opened.isListening() ? 1 : 0);
        shared.health()
                .register(new HealthMonitor.Check(
                        REVOCATIONS,
                        false,
                        FEED_INTERVAL,
                        () -> opened.isListening()
                                ? Future.succeededFuture()
                                : Future.failedFuture(GatewayFailure.revocationNotShared("not subscribed"))));
        opened.start();
        return Optional.of(opened);
    }

    private Handler<HttpServerRequest> routes(Rooms rooms) {
        HealthEndpoints health = new HealthEndpoints(shared.health(), shared.buildJson());
        Router router = Router.router(vertx);
        router.get("/live").handler(context -> health.live(context.request()));
        router.get("/ready").handler(context -> health.readyInDetail(context.request()));
        router.get("/metrics").handler(this::metrics);
        Broadcast broadcast = feed.<Broadcast>map(opened -> opened).orElse(Broadcast.NONE);
        Explanations explanations =
                new Explanations(rooms.policy(), config.mlflow().url());
        return new AdminRoutes(
                        config.admin().token(),
                        authSource.orders(),
                        broadcast,
                        question -> explanations.explain(
                                question.method(),
                                question.path(),
                                question.keyId(),
                                rooms.authSource().known(question.keyId())),
                        shared.telemetry()::ordered)
                .mount(router);
    }

    /** Written down elsewhere: it takes milliseconds, for which callers' requests on this event loop would wait. */
    private void metrics(RoutingContext context) {
        ScrapeFormat format = ScrapeFormat.of(context.request().getHeader(HttpHeaders.ACCEPT));
        vertx.executeBlocking(() -> shared.meters().scrape(format))
                .onSuccess(text -> context.response()
                        .putHeader(HttpHeaders.CONTENT_TYPE, format.contentType())
                        .end(text))
                .onFailure(context::fail);
    }

    @Override
    public Future<?> stop() {
        shared.health().stop();
        watch.stop();
        return server.shutdown(1, TimeUnit.SECONDS).eventually(() -> {
            unwatch.run();
            auth.close().run();
            feed.ifPresent(RevocationFeed::stop);
            return pool.close();
        });
    }
}

package ai.hokus.torii;

import ai.hokus.torii.admin.AdminRoutes;
import ai.hokus.torii.admin.Broadcast;
import ai.hokus.torii.admin.RevocationFeed;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.health.HealthEndpoints;
import ai.hokus.torii.health.HealthMonitor;
import ai.hokus.torii.proxy.UpstreamCalls;
import ai.hokus.torii.proxy.UpstreamPool;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The listener for operators: metrics and probes. Also the home of the health checks, which need an event loop. */
final class ManagementListener extends VerticleBase {

    private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration FEED_INTERVAL = Duration.ofSeconds(10);
    private static final int IDLE_SECONDS = 75;

    private final GatewayConfig config;
    private final Gateway.Shared shared;
    private final AuthSource authSource;
    private final Promise<Integer> bound;
    private UpstreamPool pool;
    private AuthSource.Handle auth;
    private HttpServer server;
    private Optional<RevocationFeed> feed = Optional.empty();

    ManagementListener(GatewayConfig config, Gateway.Shared shared, AuthSource authSource, Promise<Integer> bound) {
        this.config = config;
        this.shared = shared;
        this.authSource = authSource;
        this.bound = bound;
    }

    @Override
    public Future<?> start() {
        pool = new UpstreamPool(vertx, config.mlflow(), config.forward(), shared.upstreamConnections());
        auth = authSource.validator(vertx);
        HealthMonitor monitor = shared.health();
        UpstreamCalls calls = new UpstreamCalls(pool, config.mlflow(), PROBE_TIMEOUT);
        Gateway.registerChecks(monitor, calls, auth.probe(), config.mlflow().servesArtifacts());
        feed = openFeed(monitor);
        monitor.start();
        server = vertx.createHttpServer(new HttpServerOptions()
                        .setHttp2ClearTextEnabled(false)
                        .setHandle100ContinueAutomatically(true)
                        .setIdleTimeout(IDLE_SECONDS))
                .requestHandler(routes());
        String host = config.management().host();
        int port = config.management().port();
        return server.listen(port, host)
                .onSuccess(s -> bound.tryComplete(s.actualPort()))
                .recover(cause -> ListenException.of("TORII_MANAGEMENT_PORT", host, port, cause));
    }

    /** Hears and tells the other replicas, when it is configured. */
    private Optional<RevocationFeed> openFeed(HealthMonitor monitor) {
        if (!config.admin().sharesRevocations()) {
            return Optional.empty();
        }
        RevocationFeed opened = new RevocationFeed(
                vertx,
                config.admin().redis().orElseThrow(),
                authSource.orders(),
                shared.meters().counters("torii.revocations", "Orders of other replicas to forget verdicts", "order"));
        shared.meters()
                .gauge(
                        "torii.revocations.listening",
                        "1 while the orders of other replicas arrive",
                        () -> opened.isListening() ? 1 : 0);
        monitor.register(new HealthMonitor.Check(
                "revocations",
                false,
                FEED_INTERVAL,
                () -> opened.isListening()
                        ? Future.succeededFuture()
                        : Future.failedFuture(GatewayFailure.revocationNotShared("not subscribed"))));
        opened.start();
        return Optional.of(opened);
    }

    private Handler<HttpServerRequest> routes() {
        HealthEndpoints health = new HealthEndpoints(shared.health(), shared.buildJson());
        Router router = Router.router(vertx);
        router.get("/live").handler(context -> health.live(context.request()));
        router.get("/ready").handler(context -> health.ready(context.request()));
        router.get("/metrics")
                .handler(context -> context.response()
                        .putHeader(HttpHeaders.CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")
                        .end(shared.meters().scrape()));
        Broadcast broadcast = feed.<Broadcast>map(opened -> opened).orElse(Broadcast.NONE);
        Explanations explanations =
                new Explanations(shared.policy(), config.mlflow().url());
        return new AdminRoutes(
                        config.admin().token(),
                        authSource.orders(),
                        broadcast,
                        question -> explanations.explain(
                                question.method(),
                                question.path(),
                                question.keyId(),
                                authSource.known(question.keyId())))
                .mount(router);
    }

    @Override
    public Future<?> stop() {
        shared.health().stop();
        return server.shutdown(1, TimeUnit.SECONDS).eventually(() -> {
            auth.close().run();
            feed.ifPresent(RevocationFeed::stop);
            return pool.close();
        });
    }
}

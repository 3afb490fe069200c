package ai.hokus.torii;

import ai.hokus.torii.auth.AuthenticateStage;
import ai.hokus.torii.authz.AuthorizeStage;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.exchange.ClientAddress;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.FailureHandler;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.health.HealthEndpoints;
import ai.hokus.torii.models.ModelsEndpoint;
import ai.hokus.torii.proxy.ForwardStage;
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
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** One event loop's api listener: its server, its connections to MLflow, its pipeline. Closes what it opened. */
final class ApiListener extends VerticleBase {

    private static final int CHUNK_BYTES = 64 * 1024;

    private static final long RESERVE_MILLIS = 1000;
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);

    private final GatewayConfig config;
    private final int port;
    private final Gateway.Shared shared;
    private final AuthSource authSource;
    private final Promise<Integer> bound;
    private HttpServer server;
    private UpstreamPool pool;
    private AuthSource.Handle auth;
    private Connections connections;

    ApiListener(GatewayConfig config, int port, Gateway.Shared shared, AuthSource authSource, Promise<Integer> bound) {
        this.config = config;
        this.port = port;
        this.shared = shared;
        this.authSource = authSource;
        this.bound = bound;
    }

    @Override
    public Future<?> start() {
        pool = new UpstreamPool(vertx, config.mlflow(), config.forward(), shared.upstreamConnections());
        auth = authSource.validator(vertx);
        connections = new Connections(
                vertx, config.api(), config.forward().downloadStallTimeout(), CHUNK_BYTES, shared.health()::isDraining);
        FailureHandler failures = new FailureHandler();
        Pipeline pipeline = new Pipeline(vertx, stages(), failures, shared.telemetry());
        Handler<HttpServerRequest> handler = request -> {
            connections.opened(request);
            pipeline.handle(request);
        };
        server = vertx.createHttpServer(options())
                .connectionHandler(connections::accepted)
                .invalidRequestHandler(new InvalidRequests(vertx, failures, shared.telemetry()))
                .requestHandler(handler);
        String host = config.api().host();
        return server.listen(port, host)
                .onSuccess(s -> bound.tryComplete(s.actualPort()))
                .recover(cause -> ListenException.of("API_PORT", host, port, cause));
    }

    private HttpServerOptions options() {
        return new HttpServerOptions()
                .setHandle100ContinueAutomatically(false)
                .setHttp2ClearTextEnabled(false)
                .setMaxInitialLineLength(config.api().maxTargetBytes())
                .setMaxHeaderSize(config.api().maxHeadBytes())
                .setMaxChunkSize(CHUNK_BYTES)
                .setUseSemicolonAsQueryParamDelimiter(false)
                // There are no WebSockets here, and the handler for their extensions allows 128 pipelined requests
                // only.
                .setPerFrameWebSocketCompressionSupported(false)
                .setPerMessageWebSocketCompressionSupported(false)
                .setCompressionSupported(false)
                .setDecompressionSupported(false)
                .setTcpNoDelay(true)
                .setTcpKeepAlive(true)
                .setAcceptBacklog(1024);
    }

    private Pipeline.Stages stages() {
        Cors cors = new Cors(config.corsOrigins());
        ForwardStage forward = new ForwardStage(vertx, pool, config.mlflow(), config.forward(), shared.spool());
        ResolveStage resolve = new ResolveStage(
                new Endpoint(Endpoint.OPTIONS, true, cors::answer),
                endpoints(),
                shared.policy().mounts(),
                new Endpoint(null, false, forward::apply));
        return new Pipeline.Stages(
                cors,
                new ClientAddress(config.api().trustedProxies()),
                resolve,
                new AuthenticateStage(auth.validator()),
                new AuthorizeStage(shared.policy().authorizer()),
                new Explanations(shared.policy(), config.mlflow().url()),
                forward);
    }

    private Map<String, Endpoint> endpoints() {
        HealthEndpoints health = new HealthEndpoints(shared.health(), shared.buildJson());
        UpstreamCalls calls = new UpstreamCalls(pool, config.mlflow(), CALL_TIMEOUT);
        Map<String, Supplier<Future<Void>>> mlflow = new LinkedHashMap<>();
        mlflow.put("connectivity", () -> calls.reach(MlflowProbes.CONNECTIVITY));
        mlflow.put("api", () -> calls.probe(MlflowProbes.API));
        mlflow.put(
                "artifacts",
                () -> config.mlflow().servesArtifacts()
                        ? calls.probe(MlflowProbes.ARTIFACTS)
                        : Future.failedFuture(GatewayFailure.artifactsDisabled()));
        Map<String, Supplier<Future<Void>>> all = new LinkedHashMap<>(mlflow);
        all.put("auth", auth.probe());
        Function<Exchange, Future<Void>> mlflowNow = exchange -> health.now(vertx, exchange, mlflow);
        ModelsEndpoint models = new ModelsEndpoint((exchange, target) -> calls.get(target, exchange.principal())
                .map(answer -> new ModelsEndpoint.Answer(
                        answer.statusCode(), answer.getHeader("Content-Type"), answer.body())));
        return Map.ofEntries(
                Endpoint.own("/health", now(health::health)),
                Endpoint.own("/live", now(health::live)),
                Endpoint.own("/ready", now(health::ready)),
                Endpoint.own("/api/health", exchange -> health.now(vertx, exchange, all)),
                Endpoint.own("/api/health/mlflow", mlflowNow),
                Endpoint.own("/mlflow/health/mlflow", mlflowNow),
                Endpoint.own("/api/mlflow/health/mlflow", mlflowNow),
                Endpoint.own("/api/models", models::handle),
                Endpoint.own("/mlflow", now(request -> redirect(request, "/mlflow/"))),
                Endpoint.own("/api/mlflow", now(request -> redirect(request, "/api/mlflow/"))));
    }

    /** MLflow's UI asks for its files by relative paths, which a mount without its last slash would lead astray. */
    private static void redirect(HttpServerRequest request, String to) {
        request.response()
                .setStatusCode(302)
                .putHeader(HttpHeaders.LOCATION, to)
                .end();
    }

    private static Function<Exchange, Future<Void>> now(Consumer<HttpServerRequest> answer) {
        return exchange -> {
            answer.accept(exchange.request());
            return Future.succeededFuture();
        };
    }

    @Override
    public Future<?> stop() {
        connections.drain();
        long grace = config.drain().grace().toMillis();
        long end = vertx.setTimer(grace, id -> connections.abort());
        return server.shutdown(grace + RESERVE_MILLIS, TimeUnit.MILLISECONDS).eventually(() -> {
            vertx.cancelTimer(end);
            connections.stop();
            auth.close().run();
            return pool.close();
        });
    }
}

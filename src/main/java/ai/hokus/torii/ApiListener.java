package ai.hokus.torii;

import ai.hokus.torii.config.DrainConfig;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.config.ListenerConfig;
import ai.hokus.torii.exchange.FailureHandler;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerConfig;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** One event loop's api listener: its server, its callers' connections, its rooms. Closes what it opened. */
final class ApiListener extends VerticleBase {

    private static final long RESERVE_MILLIS = 1000;

    private final Rooms first;
    private final int port;
    private final Gateway.Shared shared;
    private final Promise<Integer> bound;
    private final FailureHandler failures = new FailureHandler();
    private final List<LoopRooms> retired = new ArrayList<>();
    private HttpServer server;
    private Runnable unfollow = () -> {};
    private Runnable unwatch = () -> {};
    private Connections connections;
    private LoopRooms rooms;

    /** Serves with these rooms first. */
    ApiListener(Rooms first, int port, Gateway.Shared shared, Promise<Integer> bound) {
        this.first = first;
        this.port = port;
        this.shared = shared;
        this.bound = bound;
    }

    @Override
    public Future<?> start() {
        GatewayConfig config = first.config();
        unwatch = shared.meters().eventLoopDelay().watch(vertx);
        rooms = new LoopRooms(vertx, first, shared, failures, Optional.empty());
        connections = new Connections(
                vertx, config.api(), config.forward().downloadStallTimeout(), shared.caps(), shared.drain()::hasBegun);
        shared.drain().onBegin(context, connections::leave);
        shared.drain().onCut(context, () -> connections.abort("told to end at once"));
        CappedRequests capped = new CappedRequests(vertx, failures, shared.telemetry());
        InvalidRequests invalid = new InvalidRequests(vertx, failures, shared.telemetry());
        Handler<HttpServerRequest> handler = request -> connections
                .opened(request)
                .ifPresentOrElse(cap -> capped.refuse(request, cap), () -> serve(request, invalid));
        server = create(config.api())
                .connectionHandler(connections::accepted)
                .invalidRequestHandler(invalid)
                .requestHandler(handler);
        String host = config.api().host();
        return server.listen(port, host)
                .onSuccess(
                        s -> unfollow = shared.tls().map(tls -> tls.follow(s)).orElse(unfollow))
                .onSuccess(s -> bound.tryComplete(s.actualPort()))
                .recover(cause -> ListenException.of("API_PORT", host, port, cause));
    }

    private void serve(HttpServerRequest request, InvalidRequests invalid) {
        if (InvalidRequests.isTooLong(request, rooms.config().api())) {
            invalid.handle(request);
        } else {
            rooms.handle(request);
        }
    }

    private HttpServer create(ListenerConfig api) {
        HttpServerConfig server = new HttpServerConfig(options(api));
        if (shared.tls().isEmpty()) {
            return vertx.httpServerBuilder().with(server).build();
        }
        ListenerCertificate tls = shared.tls().get();
        api.http2().ifPresent(http2 -> Http2Connections.offer(server, api, http2));
        return vertx.httpServerBuilder()
                .with(tls.options())
                .with(server)
                .build()
                .exceptionHandler(tls.handshakes());
    }

    private static HttpServerOptions options(ListenerConfig api) {
        return new HttpServerOptions()
                .setHandle100ContinueAutomatically(false)
                .setHttp2ClearTextEnabled(false)
                .setMaxInitialLineLength(api.maxTargetBytes())
                .setMaxHeaderSize(api.maxHeadBytes())
                .setMaxChunkSize(Connections.CHUNK_BYTES)
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

    /**
     * Serves the next requests with these rooms; those under way end in the ones they began in. From any thread.
     *
     * @return completes when it is so
     */
    Future<Void> use(Rooms next) {
        return Gateway.on(context, () -> {
            LoopRooms before = rooms;
            rooms = new LoopRooms(vertx, next, shared, failures, Optional.of(before));
            connections.use(next.config().api(), next.config().forward().downloadStallTimeout());
            retired.add(before);
            before.retire(() -> retired.remove(before));
        });
    }

    @Override
    public Future<?> stop() {
        // Behind what was accepted last, whose registration waits in the queue of this event loop.
        return connections
                .closeListener()
                .compose(v -> Gateway.on(context, () -> {}))
                .compose(v -> end());
    }

    private Future<?> end() {
        unfollow.run();
        DrainConfig drain = rooms.config().drain();
        connections.end(drain.quiet());
        long grace = drain.grace().toMillis();
        long end = vertx.setTimer(grace, id -> connections.abort("the grace time is over"));
        return server.shutdown(grace + RESERVE_MILLIS, TimeUnit.MILLISECONDS).eventually(() -> {
            vertx.cancelTimer(end);
            connections.stop();
            unwatch.run();
            retired.add(rooms);
            return Future.join(
                    List.copyOf(retired).stream().map(LoopRooms::close).toList());
        });
    }
}

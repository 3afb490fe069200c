package ai.hokus.torii;

import ai.hokus.torii.auth.AuthenticateStage;
import ai.hokus.torii.authz.AuthorizeStage;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.exchange.ClientAddress;
import ai.hokus.torii.exchange.FailureHandler;
import ai.hokus.torii.proxy.ForwardStage;
import ai.hokus.torii.proxy.UpstreamPool;
import ai.hokus.torii.ratelimit.LimitStage;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.util.Optional;

/**
 * One event loop's rooms of one configuration: its connections to MLflow and to the auth service, its pipeline. A request
 * ends in the rooms it began in; when others have taken their place, they close behind their last exchange.
 */
final class LoopRooms implements Handler<HttpServerRequest> {

    private final GatewayConfig config;
    private final AuthSource authSource;
    private final Held<UpstreamPool> pool;
    private final Held<AuthSource.Handle> auth;
    private final Held<LimitStage> limit;
    private final Pipeline pipeline;
    private int open;
    private boolean isRetired;
    private Runnable gone = () -> {};
    private Future<?> closed;

    /** On the event loop this is called on; takes over from those before it what has not changed. */
    LoopRooms(Vertx vertx, Rooms rooms, Gateway.Shared shared, FailureHandler failures, Optional<LoopRooms> before) {
        this.config = rooms.config();
        this.authSource = rooms.authSource();
        this.pool = before.filter(this::hasSameUpstream)
                .map(old -> old.pool.hold())
                .orElseGet(() -> openPool(vertx, rooms, shared));
        this.auth = before.filter(old -> old.authSource == authSource)
                .map(old -> old.auth.hold())
                .orElseGet(() -> openAuth(vertx));
        this.limit = before.filter(this::hasSameLimits)
                .map(old -> old.limit.hold())
                .orElseGet(() -> openLimit(vertx, shared));
        this.pipeline = new Pipeline(vertx, stages(vertx, rooms, shared), failures, shared.telemetry(), this::ended);
    }

    private boolean hasSameUpstream(LoopRooms old) {
        return old.config.mlflow().equals(config.mlflow())
                && old.config.forward().equals(config.forward());
    }

    private boolean hasSameLimits(LoopRooms old) {
        return old.config.ratelimit().equals(config.ratelimit());
    }

    private Held<LimitStage> openLimit(Vertx vertx, Gateway.Shared shared) {
        LimitStage opened = LimitStage.open(
                vertx, shared.limits(), config.ratelimit(), config.api().instances());
        return new Held<>(opened, () -> {
            opened.close();
            return Future.succeededFuture();
        });
    }

    private Held<UpstreamPool> openPool(Vertx vertx, Rooms rooms, Gateway.Shared shared) {
        UpstreamPool opened =
                new UpstreamPool(vertx, config.mlflow(), config.forward(), rooms.upstream(), shared.occupancy());
        return new Held<>(opened, opened::close);
    }

    private Held<AuthSource.Handle> openAuth(Vertx vertx) {
        AuthSource.Handle opened = authSource.validator(vertx);
        return new Held<>(opened, () -> {
            opened.close().run();
            return Future.succeededFuture();
        });
    }

    private Pipeline.Stages stages(Vertx vertx, Rooms rooms, Gateway.Shared shared) {
        Cors cors = new Cors(config.corsOrigins());
        ForwardStage forward = new ForwardStage(vertx, pool.get(), config.mlflow(), config.forward(), rooms.spool());
        OwnEndpoints own =
                new OwnEndpoints(vertx, config, shared, pool.get(), auth.get().probe());
        ResolveStage resolve = new ResolveStage(
                new Endpoint(Endpoint.OPTIONS, true, cors::answer),
                own.byPath(),
                rooms.policy().mounts(),
                new Endpoint(null, false, forward::apply));
        return new Pipeline.Stages(
                cors,
                new ClientAddress(config.api().trustedProxies()),
                resolve,
                new AuthenticateStage(auth.get().validator(), shared.keyMarks().sibling()),
                new AuthorizeStage(rooms.policy().authorizer()),
                new Explanations(rooms.policy(), config.mlflow().url()),
                new BodyLimitStage(config.limits()),
                limit.get(),
                forward);
    }

    /** The configuration they follow. */
    GatewayConfig config() {
        return config;
    }

    @Override
    public void handle(HttpServerRequest request) {
        open++;
        pipeline.handle(request);
    }

    private void ended() {
        open--;
        if (isRetired && open == 0) {
            close();
        }
    }

    /** Takes no request any more; closes behind the last exchange, and runs this when it does. */
    void retire(Runnable gone) {
        isRetired = true;
        this.gone = gone;
        if (open == 0) {
            close();
        }
    }

    /** Closes what no others hold, with every exchange on it; asked again, the same. */
    Future<?> close() {
        if (closed == null) {
            closed = pool.release().eventually(auth::release).eventually(limit::release);
            gone.run();
        }
        return closed;
    }
}

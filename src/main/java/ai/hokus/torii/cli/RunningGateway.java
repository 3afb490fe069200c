package ai.hokus.torii.cli;

import ai.hokus.torii.Gateway;
import ai.hokus.torii.ListenException;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.config.InvalidConfigException;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** A started gateway with its Vert.x, and its orderly end. Used by commands, on their threads. */
final class RunningGateway {

    private static final Duration RESERVE = Duration.ofSeconds(5);

    private final Vertx vertx;
    private final GatewayConfig config;
    private final Gateway gateway;

    private RunningGateway(Vertx vertx, GatewayConfig config, Gateway gateway) {
        this.vertx = vertx;
        this.config = config;
        this.gateway = gateway;
    }

    /** Starts listening on this Vert.x; blocks until it does. */
    static RunningGateway start(Vertx vertx, GatewayConfig config) throws InvalidConfigException, ListenException {
        try {
            return new RunningGateway(vertx, config, ConfigFileOption.await(Gateway.start(vertx, config)));
        } catch (CompletionException e) {
            if (e.getCause() instanceof ListenException taken) {
                throw taken;
            }
            throw e;
        }
    }

    Gateway gateway() {
        return gateway;
    }

    /** Drains and closes; blocks at most as long as the configuration says, and a little. */
    void stop() throws Exception {
        Duration longest = config.drain().delay().plus(config.drain().grace()).plus(RESERVE);
        gateway.drain()
                .eventually(vertx::close)
                .toCompletionStage()
                .toCompletableFuture()
                .get(longest.toMillis(), TimeUnit.MILLISECONDS);
    }
}

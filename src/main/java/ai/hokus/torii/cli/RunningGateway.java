package ai.hokus.torii.cli;

import ai.hokus.torii.Gateway;
import ai.hokus.torii.ListenException;
import ai.hokus.torii.Reload;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.Loaded;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A started gateway with its Vert.x, and its orderly end. Used by commands, on their threads. */
final class RunningGateway implements ProcessEnd.Work {

    private static final Duration RESERVE = Duration.ofSeconds(5);
    private static final int LONGEST_CUT_SECONDS = 3;

    private final Vertx vertx;
    private final Gateway gateway;
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    private RunningGateway(Vertx vertx, Gateway gateway) {
        this.vertx = vertx;
        this.gateway = gateway;
    }

    /** Starts listening on this Vert.x; blocks until it does. */
    static RunningGateway start(Vertx vertx, GatewayConfig config) throws InvalidConfigException, ListenException {
        try {
            return new RunningGateway(vertx, ConfigFileOption.await(Gateway.start(vertx, config)));
        } catch (CompletionException e) {
            if (e.getCause() instanceof ListenException taken) {
                throw taken;
            }
            throw e;
        }
    }

    /** Follows changes of the files that it was started from. */
    void follow(Loaded first, Supplier<Future<Loaded>> load) {
        Reload.start(vertx, gateway, first, load);
    }

    Gateway gateway() {
        return gateway;
    }

    /** Drains and closes; blocks at most as long as the configuration says, and a little. */
    @Override
    public void end() throws Exception {
        Duration longest = gateway.longestDrain().plus(RESERVE);
        gateway.drain().eventually(vertx::close).onComplete(v -> over.complete(null), over::completeExceptionally);
        over.get(longest.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void cut() {
        // A connection that is still being set up is no reason to wait either.
        over.completeOnTimeout(null, LONGEST_CUT_SECONDS, TimeUnit.SECONDS);
        gateway.cut();
    }
}

package ai.hokus.torii;

import ai.hokus.torii.config.ListenerConfig;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Callers' connections of one event loop: closes those that are idle too long. Vert.x' own idle timer cannot tell a
 * caller that waits for MLflow from one that has nothing to ask.
 */
final class Connections {

    private static final long SWEEP_MILLIS = 1000;

    private final Vertx vertx;
    private final ListenerConfig config;
    private final BooleanSupplier draining;
    private final Map<HttpConnection, State> states = new HashMap<>();
    private final long sweep;

    private static final class State {
        private long idleSinceNanos = System.nanoTime();
        private int open;
        private boolean served;
    }

    Connections(Vertx vertx, ListenerConfig config, BooleanSupplier draining) {
        this.vertx = vertx;
        this.config = config;
        this.draining = draining;
        this.sweep = vertx.setPeriodic(SWEEP_MILLIS, id -> closeIdle());
    }

    void accepted(HttpConnection connection) {
        states.put(connection, new State());
        connection.closeHandler(v -> states.remove(connection));
        // Without a handler a reset connection is logged as an error; the exchange notices it by itself.
        connection.exceptionHandler(cause -> {});
    }

    /** Notes that a request has begun; it ends with its response, or with the connection. */
    void opened(HttpServerRequest request) {
        State state = states.get(request.connection());
        if (state == null) {
            return;
        }
        state.open++;
        state.served = true;
        if (draining.getAsBoolean()) {
            request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        request.response().bodyEndHandler(v -> {
            state.open--;
            state.idleSinceNanos = System.nanoTime();
        });
    }

    private void closeIdle() {
        long now = System.nanoTime();
        List.copyOf(states.entrySet()).forEach(entry -> {
            State state = entry.getValue();
            long limit = (state.served ? config.idleTimeout() : config.headTimeout()).toNanos();
            if (state.open == 0 && now - state.idleSinceNanos > limit) {
                entry.getKey().close();
            }
        });
    }

    /** Closes what is idle now; the server's own shutdown waits for the rest. */
    void drain() {
        List.copyOf(states.entrySet()).stream()
                .filter(entry -> entry.getValue().open == 0)
                .forEach(entry -> entry.getKey().close());
    }

    void stop() {
        vertx.cancelTimer(sweep);
    }
}

package ai.hokus.torii;

import ai.hokus.torii.config.ListenerConfig;
import ai.hokus.torii.wire.CallerWire;
import ai.hokus.torii.wire.Wire;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Callers' connections of one event loop: closes those that are idle too long, or too slow with a request head. Vert.x'
 * own idle timer cannot tell a caller that waits for MLflow from one that has nothing to ask.
 */
final class Connections {

    private static final long SWEEP_MILLIS = 1000;

    private final Vertx vertx;
    private final int chunkBytes;
    private final BooleanSupplier draining;
    private final Map<HttpConnection, State> states = new HashMap<>();
    private final long sweep;
    private ListenerConfig config;
    private Duration stallTimeout;

    private static final class State {
        private final CallerWire wire;
        private long idleSinceNanos = System.nanoTime();
        private int open;
        private boolean served;
        private boolean closing;
        private long unwritten;
        private long unwrittenSinceNanos;

        State(CallerWire wire) {
            this.wire = wire;
        }
    }

    Connections(Vertx vertx, ListenerConfig config, Duration stallTimeout, int chunkBytes, BooleanSupplier draining) {
        this.vertx = vertx;
        this.config = config;
        this.stallTimeout = stallTimeout;
        this.chunkBytes = chunkBytes;
        this.draining = draining;
        this.sweep = vertx.setPeriodic(SWEEP_MILLIS, id -> closeIdle());
    }

    /** From now on follows these times, and for new connections these sizes. */
    void use(ListenerConfig next, Duration nextStallTimeout) {
        config = next;
        stallTimeout = nextStallTimeout;
    }

    void accepted(HttpConnection connection) {
        states.put(
                connection,
                new State(CallerWire.install(connection, config.maxTargetBytes(), config.maxHeadBytes(), chunkBytes)));
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
            if (isStalled(state, now)) {
                Wire.abort(entry.getKey());
            } else if (state.open == 0 && !state.closing && isOverdue(state, now)) {
                state.closing = true;
                entry.getKey().close();
            }
        });
    }

    /** Whether the end of an answer waits for a caller that no longer reads; a close would wait with it for ever. */
    private boolean isStalled(State state, long now) {
        long unwritten = state.open > 0 ? 0 : state.wire.unwrittenBytes();
        if (unwritten == 0 || unwritten != state.unwritten) {
            state.unwritten = unwritten;
            state.unwrittenSinceNanos = now;
            return false;
        }
        return now - state.unwrittenSinceNanos > stallTimeout.toNanos();
    }

    private boolean isOverdue(State state, long now) {
        if (state.served && state.wire.isInHead()) {
            // What came while an answer was on its way counts from the end of that.
            long since = Math.max(state.wire.headSinceNanos(), state.idleSinceNanos);
            return now - since > config.headTimeout().toNanos();
        }
        return now - state.idleSinceNanos > (state.served ? config.idleTimeout() : config.headTimeout()).toNanos();
    }

    /** Closes what is idle now; the server's own shutdown waits for the rest. */
    void drain() {
        List.copyOf(states.entrySet()).stream()
                .filter(entry -> entry.getValue().open == 0)
                .forEach(entry -> entry.getKey().close());
    }

    /** Resets what has not ended yet, so that no answer on it can look whole. */
    void abort() {
        List.copyOf(states.keySet()).forEach(Wire::abort);
    }

    void stop() {
        vertx.cancelTimer(sweep);
    }
}

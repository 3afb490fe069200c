package ai.hokus.torii;

import ai.hokus.torii.config.ListenerConfig;
import ai.hokus.torii.wire.CallerWire;
import ai.hokus.torii.wire.Wire;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Callers' connections of one event loop: closes those that are idle too long, or too slow with a request head. Vert.x'
 * own idle timer cannot tell a caller that waits for MLflow from one that has nothing to ask.
 *
 * <p>At the end of the process: (1) from {@link #leave} on every answer whose head is not written yet is its connection's
 * last, and says so, unless the next request has come already; connections without a request live on, because a request may be on its way to us. (2) From {@link
 * #end} on those are closed that were quiet for a while, and none in the middle of a request head. (3) {@link #abort}
 * resets what is left.
 */
final class Connections {

    /** Largest piece of a body. */
    static final int CHUNK_BYTES = 64 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(Connections.class);
    private static final long SWEEP_MILLIS = 1000;
    private static final long END_TICK_MILLIS = 50;
    private static final long NONE = -1;

    private final Vertx vertx;
    private final ConnectionCaps caps;
    private final BooleanSupplier draining;
    private final Map<HttpConnection, State> states = new HashMap<>();
    private final Http2Connections http2;
    private final long sweep;
    private ListenerConfig config;
    private Duration stallTimeout;
    private long endTick = NONE;
    private boolean aborted;
    private HttpConnection latest;

    private static final class State {
        private final CallerWire wire;
        private final ConnectionCaps.Place place;
        private long idleSinceNanos = System.nanoTime();
        private int open;
        private boolean served;
        private boolean closing;
        private long unwritten;
        private long unwrittenSinceNanos;

        State(CallerWire wire, ConnectionCaps.Place place) {
            this.wire = wire;
            this.place = place;
        }
    }

    Connections(
            Vertx vertx, ListenerConfig config, Duration stallTimeout, ConnectionCaps caps, BooleanSupplier draining) {
        this.vertx = vertx;
        this.config = config;
        this.stallTimeout = stallTimeout;
        this.caps = caps;
        this.draining = draining;
        this.http2 = new Http2Connections(draining);
        this.sweep = vertx.setPeriodic(SWEEP_MILLIS, id -> closeIdle());
    }

    /** From now on follows these times, and for new connections these sizes. */
    void use(ListenerConfig next, Duration nextStallTimeout) {
        config = next;
        stallTimeout = nextStallTimeout;
    }

    void accepted(HttpConnection connection) {
        latest = connection;
        if (aborted) {
            Wire.abort(connection);
            return;
        }
        // Without a handler a reset connection is logged as an error; the exchange notices it by itself.
        connection.exceptionHandler(cause -> {});
        ConnectionCaps.Place place = caps.enter(connection.remoteAddress().hostAddress(), config);
        if (!place.mayStay()) {
            Wire.abort(connection);
            return;
        }
        if (connection.protocolVersion() == HttpVersion.HTTP_2) {
            http2.accepted(connection, place);
            return;
        }
        CallerWire wire = CallerWire.install(connection, config.maxTargetBytes(), config.maxHeadBytes(), CHUNK_BYTES);
        states.put(connection, new State(wire, place));
        if (draining.getAsBoolean()) {
            wire.leave();
        }
        connection.closeHandler(v -> {
            states.remove(connection);
            place.leave();
        });
    }

    /**
     * Notes that a request has begun; it ends with its response, or with the connection.
     *
     * @return the cap that keeps its connection from being served; empty: it is served
     */
    Optional<ConnectionCaps.Cap> opened(HttpServerRequest request) {
        State state = states.get(request.connection());
        if (state == null) {
            return http2.opened(request);
        }
        state.open++;
        state.served = true;
        request.response().bodyEndHandler(v -> {
            state.open--;
            state.idleSinceNanos = System.nanoTime();
        });
        return state.place.refusedBy();
    }

    private void closeIdle() {
        http2.sweep(config, stallTimeout);
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

    /** The process is about to end: the next answer on each connection, also one under way, is its last. */
    void leave() {
        states.values().forEach(state -> state.wire.leave());
        http2.leave();
    }

    /** Completes, on any thread, when no connection is accepted any more, as far as can be seen to from here. */
    Future<Void> closeListener() {
        return latest == null ? Future.succeededFuture() : Wire.closeListener(latest);
    }

    /**
     * Closes, now and from now on, the connections on which nothing has happened for this long. A caller that has just
     * connected, or just had an answer that did not announce the end, may be about to ask.
     */
    void end(Duration quiet) {
        closeQuiet(quiet);
        endTick = vertx.setPeriodic(END_TICK_MILLIS, id -> closeQuiet(quiet));
    }

    private void closeQuiet(Duration quiet) {
        http2.closeQuiet(quiet);
        long now = System.nanoTime();
        List.copyOf(states.entrySet()).forEach(entry -> {
            State state = entry.getValue();
            // Behind its last answer a connection is ended by whoever knows what still has to be read or written.
            boolean isFree = state.open == 0 && !state.closing && state.wire.isIdle();
            if (isFree && now - state.idleSinceNanos >= quiet.toNanos()) {
                state.closing = true;
                entry.getKey().close();
            }
        });
    }

    /** Resets what has not ended yet, and what is still accepted, so that no answer on it can look whole. */
    void abort(String why) {
        aborted = true;
        long unfinished =
                states.values().stream().filter(state -> state.open > 0).count() + http2.busy();
        if (unfinished > 0) {
            LOG.warn("{}: requests in flight on {} connections are cut", why, unfinished);
        }
        List.copyOf(states.keySet()).forEach(Wire::abort);
        http2.abort();
    }

    void stop() {
        vertx.cancelTimer(sweep);
        if (endTick != NONE) {
            vertx.cancelTimer(endTick);
        }
    }
}

package ai.hokus.torii;

import ai.hokus.torii.config.Http2Config;
import ai.hokus.torii.config.ListenerConfig;
import ai.hokus.torii.wire.CallerStreams;
import ai.hokus.torii.wire.Wire;
import io.vertx.core.http.Http2ServerConfig;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerConfig;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Callers' HTTP/2 connections of one event loop, beside {@link Connections}: a connection ends with a GOAWAY and behind
 * its last stream, a caller that is too slow loses the stream.
 */
final class Http2Connections {

    /** A caller that gives up so often makes work for nothing (CVE-2023-44487). */
    private static final int MAX_RESETS = 400;

    private static final Duration RESET_WINDOW = Duration.ofSeconds(10);

    private final BooleanSupplier draining;
    private final Map<HttpConnection, State> states = new HashMap<>();

    private static final class State {
        private final CallerStreams streams;
        private final ConnectionCaps.Place place;
        private boolean isClosing;
        private long closingSinceNanos;

        State(CallerStreams streams, ConnectionCaps.Place place) {
            this.streams = streams;
            this.place = place;
        }
    }

    Http2Connections(BooleanSupplier draining) {
        this.draining = draining;
    }

    /** Lets a server with TLS agree on HTTP/2. */
    static void offer(HttpServerConfig server, ListenerConfig api, Http2Config http2) {
        server.setVersions(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1, HttpVersion.HTTP_1_0)
                // This class hears of a connection with its first SETTINGS only. Until those have come nothing is
                // written
                // behind our own, so that a caller who sends them byte by byte does not put off the end.
                .setWriteIdleTimeout(api.headTimeout())
                .setHttp2Config(new Http2ServerConfig()
                        .setConnectionWindowSize(CallerStreams.CONNECTION_WINDOW_BYTES)
                        .setRstFloodMaxRstFramePerWindow(MAX_RESETS)
                        .setRstFloodWindowDuration(RESET_WINDOW)
                        .setInitialSettings(new Http2Settings()
                                .setMaxConcurrentStreams(http2.streams())
                                .setInitialWindowSize(CallerStreams.FIRST_WINDOW_BYTES)
                                .setMaxHeaderListSize(api.maxHeadBytes())));
    }

    /** Takes a connection over, and its place, which ends with it. */
    void accepted(HttpConnection connection, ConnectionCaps.Place place) {
        State state = new State(CallerStreams.install(connection), place);
        states.put(connection, state);
        connection.closeHandler(v -> {
            states.remove(connection);
            place.leave();
        });
        if (draining.getAsBoolean()) {
            state.streams.askToLeave();
        }
    }

    /**
     * The cap that keeps a request's connection from being served, which then ends behind the answer; empty: it is served.
     */
    Optional<ConnectionCaps.Cap> opened(HttpServerRequest request) {
        State state = states.get(request.connection());
        if (state == null) {
            return Optional.empty();
        }
        Optional<ConnectionCaps.Cap> refusedBy = state.place.refusedBy();
        if (refusedBy.isPresent() && !state.isClosing) {
            close(request.connection(), state);
        }
        return refusedBy;
    }

    /** Ends what is idle too long, and resets the streams whose end a caller does not take. */
    void sweep(ListenerConfig config, Duration stallTimeout) {
        long now = System.nanoTime();
        List.copyOf(states.entrySet()).forEach(entry -> {
            State state = entry.getValue();
            state.streams.resetStalled(stallTimeout);
            if (state.isClosing) {
                if (!state.streams.isBusy() && now - state.closingSinceNanos > stallTimeout.toNanos()) {
                    // It does not even take the GOAWAY.
                    Wire.abort(entry.getKey());
                }
            } else if (!state.streams.isBusy() && isOverdue(state.streams, config, now)) {
                close(entry.getKey(), state);
            }
        });
    }

    private static boolean isOverdue(CallerStreams streams, ListenerConfig config, long now) {
        Duration limit = streams.hasServed() ? config.idleTimeout() : config.headTimeout();
        return streams.isInFrameFor(config.headTimeout()) || now - streams.idleSinceNanos() > limit.toNanos();
    }

    private static void close(HttpConnection connection, State state) {
        state.isClosing = true;
        state.closingSinceNanos = System.nanoTime();
        // Behind the last stream; Vert.x' plain close would not wait for those.
        connection.shutdown(1, TimeUnit.DAYS);
    }

    /** The process is about to end: callers shall open their next streams elsewhere, and those on their way are served. */
    void leave() {
        states.values().forEach(state -> state.streams.askToLeave());
    }

    /** Closes the connections that have had no stream for this long. */
    void closeQuiet(Duration quiet) {
        long now = System.nanoTime();
        List.copyOf(states.entrySet()).forEach(entry -> {
            CallerStreams streams = entry.getValue().streams;
            boolean isFree = !entry.getValue().isClosing && !streams.isBusy();
            if (isFree && now - streams.idleSinceNanos() >= quiet.toNanos()) {
                streams.takeNoMore();
                close(entry.getKey(), entry.getValue());
            }
        });
    }

    /** How many connections have streams that are not ended. */
    long busy() {
        return states.values().stream().filter(state -> state.streams.isBusy()).count();
    }

    /** Resets what has not ended yet, so that no answer on it can look whole. */
    void abort() {
        List.copyOf(states.keySet()).forEach(Wire::abort);
    }
}

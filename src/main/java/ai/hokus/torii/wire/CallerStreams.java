package ai.hokus.torii.wire;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2LocalFlowController;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.AttributeKey;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.http2.codec.VertxHttp2ConnectionHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** One caller's HTTP/2 connection below Vert.x, with its streams. Used on the connection's event loop. */
public final class CallerStreams {

    /** What a stream may bring before somebody reads it: the protocol's own default (RFC 9113 §6.9.2). */
    public static final int FIRST_WINDOW_BYTES = 65_535;

    /** What a stream may bring beyond what its reader has taken. */
    public static final int WINDOW_BYTES = 1 << 20;

    /** What all streams of a connection may bring beyond what their readers have taken. */
    public static final int CONNECTION_WINDOW_BYTES = 16 << 20;

    private static final AttributeKey<CallerStreams> KEY = AttributeKey.valueOf(CallerStreams.class, "streams");

    private final Channel channel;
    private final VertxHttp2ConnectionHandler<?> handler;
    private final Http2Connection.PropertyKey key;
    private final FrameWatch frames = new FrameWatch();
    private long idleSinceNanos = System.nanoTime();
    private boolean served;

    private CallerStreams(Channel channel, VertxHttp2ConnectionHandler<?> handler) {
        this.channel = channel;
        this.handler = handler;
        this.key = handler.connection().newKey();
    }

    /** Watches a connection; call it before its first stream, in the connection handler. */
    public static CallerStreams install(HttpConnection connection) {
        Channel channel = Wire.channel(connection);
        CallerStreams streams = new CallerStreams(channel, channel.pipeline().get(VertxHttp2ConnectionHandler.class));
        channel.attr(KEY).set(streams);
        Wire.readAtOnce(channel, Wire.BUFFERS_AT_ONCE);
        Wire.endHandshakeTimer(channel);
        streams.handler.connection().addListener(streams.new Ends());
        streams.frames.install(streams.handler);
        channel.pipeline().addBefore(streams.handler.context().name(), "arrivals", streams.frames.new Arrivals());
        return streams;
    }

    /** The streams of a connection on which {@link #install} was called. */
    public static CallerStreams of(HttpConnection connection) {
        return Wire.channel(connection).attr(KEY).get();
    }

    /** The stream of a request; the same whenever it is asked for. */
    CallerStream open(HttpServerRequest request) {
        Http2Stream stream = handler.connection().stream((int) request.streamId());
        CallerStream known = stream.getProperty(key);
        if (known == null) {
            known = new CallerStream(this, request, stream);
            stream.setProperty(key, known);
            served = true;
        }
        return known;
    }

    /** Whether a request has come on it. */
    public boolean hasServed() {
        return served;
    }

    /** Whether a stream is open. */
    public boolean isBusy() {
        return handler.connection().numActiveStreams() > 0;
    }

    /** Since when no stream has been open, by {@link System#nanoTime()}; without meaning while one is. */
    public long idleSinceNanos() {
        return idleSinceNanos;
    }

    /** Whether a part of a frame, or of a head, has waited for its rest for so long. */
    public boolean isInFrameFor(Duration limit) {
        return frames.hasWaited(limit.toNanos(), System.nanoTime());
    }

    /** Resets the streams whose answer was handed over so long ago and that the caller has not taken. */
    public void resetStalled(Duration limit) {
        long now = System.nanoTime();
        List<CallerStream> stalled = new ArrayList<>();
        try {
            handler.connection().forEachActiveStream(stream -> {
                CallerStream known = stream.getProperty(key);
                if (known != null) {
                    stalled.add(known);
                }
                return true;
            });
        } catch (Http2Exception e) {
            throw new IllegalStateException(e);
        }
        stalled.forEach(stream -> stream.resetIfStalled(limit.toNanos(), now));
    }

    /** Tells the caller to open its next streams elsewhere; those on their way are still served (RFC 9113 §6.8). */
    public void askToLeave() {
        goAway(Integer.MAX_VALUE);
    }

    /** Serves the streams that are open, and no more. */
    public void takeNoMore() {
        goAway(handler.connection().remote().lastStreamCreated());
    }

    private void goAway(int lastStream) {
        ChannelHandlerContext context = handler.context();
        handler.goAway(context, lastStream, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER, context.newPromise());
        context.flush();
    }

    /** Not by Vert.x, which resets no stream whose answer was handed over whole, though it may never be taken. */
    void reset(Http2Stream stream, Http2Error error) {
        if (stream.state() != Http2Stream.State.CLOSED) {
            ChannelHandlerContext context = handler.context();
            handler.encoder().writeRstStream(context, stream.id(), error.code(), context.newPromise());
            channel.flush();
        }
    }

    void widen(Http2Stream stream) {
        change(flow -> flow.incrementWindowSize(stream, WINDOW_BYTES - FIRST_WINDOW_BYTES));
    }

    void consumeRest(Http2Stream stream) {
        if (stream.state() != Http2Stream.State.CLOSED) {
            change(flow -> flow.consumeBytes(stream, flow.unconsumedBytes(stream)));
        }
    }

    private interface Change {
        void apply(Http2LocalFlowController flow) throws Http2Exception;
    }

    private void change(Change change) {
        try {
            change.apply(handler.decoder().flowController());
            channel.flush();
        } catch (Http2Exception e) {
            handler.onError(handler.context(), true, e);
        }
    }

    void later(Runnable action) {
        channel.eventLoop().execute(action);
    }

    private final class Ends extends Http2ConnectionAdapter {

        @Override
        public void onStreamHalfClosed(Http2Stream stream) {
            CallerStream known = stream.getProperty(key);
            if (known != null && stream.state() == Http2Stream.State.HALF_CLOSED_LOCAL) {
                known.answerIsOut();
            }
        }

        @Override
        public void onStreamClosed(Http2Stream stream) {
            idleSinceNanos = System.nanoTime();
        }
    }
}

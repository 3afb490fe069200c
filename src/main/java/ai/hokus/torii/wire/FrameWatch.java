package ai.hokus.torii.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2Settings;
import io.vertx.core.net.impl.ShutdownEvent;

/**
 * What comes on an HTTP/2 connection, frame by frame: since when one is incomplete, and whether there are too many of
 * those that ask for work and bring none. Netty bounds resets, CONTINUATION and empty DATA by itself; PING, SETTINGS,
 * PRIORITY and unknown frames it answers or skips for ever (RFC 9113 §10.5).
 */
final class FrameWatch {

    /** Far more than a peer that measures round trips sends. */
    private static final int MAX_IDLE_FRAMES = 2000;

    private static final long WINDOW_NANOS = 10_000_000_000L;

    private boolean isWaiting;
    private long waitingSinceNanos;
    private int idleFrames;
    private long windowNanos = System.nanoTime();
    private Http2ConnectionHandler handler;
    private SmallFrames frames;

    void install(Http2ConnectionHandler connection) {
        handler = connection;
        frames = new SmallFrames(connection.decoder().frameListener());
        connection.decoder().frameListener(new Listener(frames));
    }

    /** Stands before the decoder of frames. */
    final class Arrivals extends ChannelInboundHandlerAdapter {

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (!isWaiting) {
                isWaiting = true;
                waitingSinceNanos = System.nanoTime();
            }
            ctx.fireChannelRead(message);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            try {
                frames.passOn();
            } catch (Http2Exception e) {
                handler.onError(ctx.pipeline().context(handler), false, e);
            }
            ctx.fireChannelReadComplete();
        }

        /** The server's shutdown ends no connection by itself: Vert.x would close one with a request on its way. */
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (!(event instanceof ShutdownEvent)) {
                ctx.fireUserEventTriggered(event);
            }
        }
    }

    /** Whether what came last has been no whole frame for so long. */
    boolean hasWaited(long limitNanos, long now) {
        return isWaiting && now - waitingSinceNanos > limitNanos;
    }

    private void count() throws Http2Exception {
        isWaiting = false;
        idleFrames++;
        if (idleFrames <= MAX_IDLE_FRAMES) {
            return;
        }
        long now = System.nanoTime();
        if (now - windowNanos < WINDOW_NANOS) {
            throw new Http2Exception(
                    Http2Error.ENHANCE_YOUR_CALM,
                    "too many frames that bring nothing",
                    Http2Exception.ShutdownHint.HARD_SHUTDOWN);
        }
        windowNanos = now;
        idleFrames = 1;
    }

    private final class Listener extends HeadListener {

        Listener(Http2FrameListener next) {
            super(next);
        }

        @Override
        void onHead(int streamId) {
            isWaiting = false;
        }

        @Override
        public int onDataRead(ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean end)
                throws Http2Exception {
            isWaiting = false;
            return super.onDataRead(ctx, streamId, data, padding, end);
        }

        @Override
        public void onWindowUpdateRead(ChannelHandlerContext ctx, int streamId, int increment) throws Http2Exception {
            isWaiting = false;
            super.onWindowUpdateRead(ctx, streamId, increment);
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long errorCode) throws Http2Exception {
            isWaiting = false;
            super.onRstStreamRead(ctx, streamId, errorCode);
        }

        @Override
        public void onPingRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
            count();
            super.onPingRead(ctx, data);
        }

        @Override
        public void onPingAckRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
            count();
            super.onPingAckRead(ctx, data);
        }

        @Override
        public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) throws Http2Exception {
            count();
            super.onSettingsRead(ctx, settings);
        }

        @Override
        public void onSettingsAckRead(ChannelHandlerContext ctx) throws Http2Exception {
            count();
            super.onSettingsAckRead(ctx);
        }

        @Override
        public void onPriorityRead(
                ChannelHandlerContext ctx, int streamId, int dependency, short weight, boolean exclusive)
                throws Http2Exception {
            count();
            super.onPriorityRead(ctx, streamId, dependency, weight, exclusive);
        }

        @Override
        public void onUnknownFrame(
                ChannelHandlerContext ctx, byte type, int streamId, Http2Flags flags, ByteBuf payload)
                throws Http2Exception {
            count();
            super.onUnknownFrame(ctx, type, streamId, flags, payload);
        }
    }
}

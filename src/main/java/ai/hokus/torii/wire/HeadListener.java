package ai.hokus.torii.wire;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.handler.codec.http2.Http2Headers;

/** Looks at HTTP/2 frames on their way; a head, which Netty tells in two ways, is one thing here. */
abstract class HeadListener extends Http2FrameListenerDecorator {

    HeadListener(Http2FrameListener next) {
        super(next);
    }

    /** A head, or the trailers, have come whole; they go on behind this. */
    abstract void onHead(int streamId) throws Http2Exception;

    @Override
    public final void onHeadersRead(
            ChannelHandlerContext ctx, int streamId, Http2Headers headers, int padding, boolean end)
            throws Http2Exception {
        onHead(streamId);
        super.onHeadersRead(ctx, streamId, headers, padding, end);
    }

    @Override
    public final void onHeadersRead(
            ChannelHandlerContext ctx,
            int streamId,
            Http2Headers headers,
            int dependency,
            short weight,
            boolean exclusive,
            int padding,
            boolean end)
            throws Http2Exception {
        onHead(streamId);
        super.onHeadersRead(ctx, streamId, headers, dependency, weight, exclusive, padding, end);
    }
}

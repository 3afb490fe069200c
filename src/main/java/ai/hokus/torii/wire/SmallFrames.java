package ai.hokus.torii.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Puts small DATA frames that come together into one: a window is counted in bytes, but what waits for its reader is an
 * object a frame, which for frames of one byte takes a hundred times the window. Of memory that needs no release.
 */
final class SmallFrames extends HeadListener {

    private static final int SMALL_BYTES = 1024;

    private final Map<Integer, ByteBuf> held = new HashMap<>();
    private ChannelHandlerContext context;

    SmallFrames(Http2FrameListener next) {
        super(next);
    }

    @Override
    public int onDataRead(ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean end)
            throws Http2Exception {
        boolean isSmall = data.readableBytes() < SMALL_BYTES;
        ByteBuf before = held.isEmpty() ? null : held.get(streamId);
        if (before == null && (end || !isSmall)) {
            return super.onDataRead(ctx, streamId, data, padding, end);
        }
        context = ctx;
        ByteBuf together = before == null ? Unpooled.buffer(SMALL_BYTES) : before;
        together.writeBytes(data);
        if (end || together.readableBytes() >= SMALL_BYTES) {
            held.remove(streamId);
            return padding + super.onDataRead(ctx, streamId, together, 0, end);
        }
        if (before == null) {
            held.put(streamId, together);
        }
        return padding;
    }

    /** What was held came before the trailers. */
    @Override
    void onHead(int streamId) throws Http2Exception {
        passOn(streamId);
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long errorCode) throws Http2Exception {
        held.remove(streamId);
        super.onRstStreamRead(ctx, streamId, errorCode);
    }

    /** Nothing more comes for now: what is held goes on. */
    void passOn() throws Http2Exception {
        if (!held.isEmpty()) {
            for (int streamId : List.copyOf(held.keySet())) {
                passOn(streamId);
            }
        }
    }

    private void passOn(int streamId) throws Http2Exception {
        ByteBuf data = held.remove(streamId);
        if (data != null) {
            super.onDataRead(context, streamId, data, 0, false);
        }
    }
}

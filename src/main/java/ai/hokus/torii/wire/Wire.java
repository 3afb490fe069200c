package ai.hokus.torii.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.MaxMessagesRecvByteBufAllocator;
import io.netty.handler.codec.http.FullHttpMessage;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.AttributeKey;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.impl.UnpooledHttpClientConnection;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.core.net.impl.VertxConnection;
import java.util.List;

/** What can be asked of an HTTP/1.x connection, whoever is at its other end; on the connection's event loop. */
public final class Wire {

    static final int BUFFERS_AT_ONCE = 2;

    private static final int SMALL_BODY_BYTES = 8 * 1024;
    private static final int USUAL_HEAD_BYTES = 1024;

    private static final AttributeKey<Runnable> ON_WRITABLE = AttributeKey.valueOf(Wire.class, "onWritable");

    private Wire() {}

    /**
     * Ends the connection with a reset, at once, and drops what was not written yet.
     *
     * <p>A message cut so can never look whole, not even one that ends with its connection (RFC 9112 §8); and a peer that
     * has stopped reading cannot keep the connection, as it can with Vert.x' own close, which waits for the last byte.
     */
    public static void abort(HttpConnection connection) {
        Channel channel = channel(connection);
        if (channel.isOpen()) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            channel.unsafe().close(channel.voidPromise());
        }
    }

    /**
     * Closes the listening socket that this connection came by, which may be gone itself by now, also for other event
     * loops. Vert.x first forgets who should serve a connection and then closes the socket: what it accepts in between is
     * lost.
     *
     * @return completes, on any thread, when nothing is accepted any more and all that was is with its event loop
     */
    public static Future<Void> closeListener(HttpConnection connection) {
        Promise<Void> closed = Promise.promise();
        channel(connection).parent().close().addListener(result -> closed.complete());
        return closed.future();
    }

    /** Closes the connection as soon as all that was handed to it is written. */
    public static void closeWhenWritten(HttpConnection connection) {
        VertxConnection vertx = (VertxConnection) connection;
        ChannelPromise written = vertx.newChannelPromise();
        written.addListener(result -> connection.close());
        vertx.flush(written);
    }

    /**
     * Whether less than 64 KiB wait to be written. Vert.x' own measure is sixteen messages, which may be a megabyte.
     */
    public static boolean isWritable(HttpConnection connection) {
        return channel(connection).isWritable();
    }

    /** Runs this once when the connection is writable again; in place of what was to be run before. */
    public static void onWritable(HttpConnection connection, Runnable action) {
        channel(connection).attr(ON_WRITABLE).set(action);
    }

    /** Watches what {@link #onWritable} asks for; stands before Vert.x' own handler. */
    static final class WritableWatch extends ChannelInboundHandlerAdapter {

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            // First Vert.x, which writes what it has held back.
            ctx.fireChannelWritabilityChanged();
            if (ctx.channel().isWritable()) {
                Runnable action = ctx.channel().attr(ON_WRITABLE).getAndSet(null);
                if (action != null) {
                    action.run();
                }
            }
        }
    }

    /** Takes off the timer of Vert.x that bounds how long a connection may take to become one of HTTP, if there is one. */
    static void endHandshakeTimer(Channel channel) {
        IdleStateHandler timer = channel.pipeline().get(IdleStateHandler.class);
        if (timer != null) {
            channel.pipeline().remove(timer);
        }
    }

    /** Lets a connection bring this many buffers, of up to 64 KiB, before whoever reads them can say stop. */
    static void readAtOnce(Channel channel, int buffers) {
        if (channel.config().getRecvByteBufAllocator() instanceof MaxMessagesRecvByteBufAllocator allocator) {
            allocator.maxMessagesPerRead(buffers);
        }
    }

    /**
     * Moves the contents of what was decoded into memory that needs no release: Vert.x copies them anyway, but forgets
     * those that wait for a paused reader when their connection ends.
     */
    static void unpool(List<Object> decoded, int from) {
        for (int i = from; i < decoded.size(); i++) {
            if (decoded.get(i) instanceof HttpContent content
                    && content.content().isReadable()) {
                ByteBuf bytes = content.content();
                decoded.set(
                        i,
                        content.replace(Unpooled.buffer(bytes.readableBytes()).writeBytes(bytes)));
                content.release();
            }
        }
    }

    /**
     * Lets a message that is known whole and small go out as one buffer: without room behind its head Netty writes the
     * body as a buffer of its own, which costs a copy into native memory, a promise and a gathering write.
     */
    static void makeRoomForBody(ByteBuf head, HttpMessage message) {
        int bytes = message instanceof FullHttpMessage whole ? whole.content().readableBytes() : 0;
        if (bytes > 0 && bytes <= SMALL_BODY_BYTES) {
            head.ensureWritable(USUAL_HEAD_BYTES + bytes);
        }
    }

    static Channel channel(HttpConnection connection) {
        HttpConnection own = connection instanceof UnpooledHttpClientConnection wrapped ? wrapped.unwrap() : connection;
        return ((ConnectionBase) own).channel();
    }
}

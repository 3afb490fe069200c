package ai.hokus.torii.wire;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.core.net.impl.VertxConnection;

/** The ends of an HTTP/1.x connection; each on the connection's event loop. */
public final class Wire {

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

    /** Closes the connection as soon as all that was handed to it is written. */
    public static void closeWhenWritten(HttpConnection connection) {
        VertxConnection vertx = (VertxConnection) connection;
        ChannelPromise written = vertx.newChannelPromise();
        written.addListener(result -> connection.close());
        vertx.flush(written);
    }

    static Channel channel(HttpConnection connection) {
        return ((ConnectionBase) connection).channel();
    }
}

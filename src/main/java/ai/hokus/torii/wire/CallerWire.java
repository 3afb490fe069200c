package ai.hokus.torii.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.AttributeKey;
import io.vertx.core.Future;
import io.vertx.core.http.Http1ServerConfig;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.http1.VertxHttpRequestDecoder;
import io.vertx.core.net.impl.ShutdownEvent;
import java.util.List;
import java.util.regex.Pattern;

/**
 * One caller's connection below Vert.x. Used on the connection's event loop.
 *
 * <ol>
 *   <li>A request line is three words with one space between them, in HTTP/1.1 or 1.0 (RFC 9112 §3).
 *   <li>A head that has begun is known to have begun.
 *   <li>A request that stands behind another is read when that has been answered and the answer has been taken: Vert.x
 *       would answer any number of them into memory, also behind the last answer of the connection.
 *   <li>A body that waits for its reader when its connection ends is not leaked.
 *   <li>The server's shutdown ends no connection by itself: Vert.x would close one in the middle of a request head.
 *   <li>A connection closes behind the last byte written to it, also while the server shuts down, when Vert.x does not
 *       wait for that. {@link Wire#abort} is the way to end it at once.
 * </ol>
 */
public final class CallerWire implements CallerSide {

    private static final AttributeKey<CallerWire> KEY = AttributeKey.valueOf(CallerWire.class, "wire");

    /** Why the decoder refused a request. */
    public enum Fault {
        /** Its first line is too long. */
        LINE_TOO_LONG,
        /** Its header fields are too large. */
        HEAD_TOO_LARGE,
        /** It is in another version of HTTP. */
        VERSION,
        /** Anything else. */
        SYNTAX
    }

    private static final int MAX_BACKLOG_BYTES = 64 * 1024;
    private static final Pattern VERSION = Pattern.compile("HTTP/\\d\\.\\d");

    private final HttpConnection connection;
    private final Channel channel;
    private boolean isLast;
    private boolean isAnswering;
    private boolean isHeadAsked;
    private boolean isStopped;
    private boolean holdsBack;
    private boolean hasBacklog;
    private boolean isLeaving;
    private boolean inHead;
    private long headSinceNanos;

    private CallerWire(HttpConnection connection, Channel channel) {
        this.connection = connection;
        this.channel = channel;
    }

    /** Takes over the reading of requests; call it before the first byte was read, in the connection handler. */
    public static CallerWire install(HttpConnection connection, int maxLineBytes, int maxHeadBytes, int maxChunkBytes) {
        Channel channel = Wire.channel(connection);
        CallerWire wire = new CallerWire(connection, channel);
        Http1ServerConfig config = new Http1ServerConfig()
                .setMaxInitialLineLength(maxLineBytes)
                .setMaxHeaderSize(maxHeadBytes)
                .setMaxChunkSize(maxChunkBytes);
        channel.attr(KEY).set(wire);
        Wire.readAtOnce(channel, Wire.BUFFERS_AT_ONCE);
        Wire.endHandshakeTimer(channel);
        ChannelPipeline pipeline = channel.pipeline();
        Decoder decoder = wire.new Decoder(config);
        pipeline.replace("httpDecoder", "httpDecoder", decoder);
        pipeline.replace("httpEncoder", "httpEncoder", new AnswerEncoder(() -> wire.isHeadAsked));
        pipeline.addBefore("handler", "answers", wire.new Answers(decoder));
        pipeline.addBefore("handler", "watch", new Wire.WritableWatch());
        return wire;
    }

    /** The wire of a connection on which {@link #install} was called. */
    public static CallerWire of(HttpConnection connection) {
        return Wire.channel(connection).attr(KEY).get();
    }

    /** The request that is being answered is the last one: what comes behind it is thrown away (RFC 9112 §9.6). */
    public void last() {
        isLast = true;
    }

    /**
     * Reads no more, or goes on reading. Vert.x' own pause lets sixteen messages and then all of one read wait, a
     * megabyte or two for each body on its way.
     */
    @Override
    public void read(boolean goesOn) {
        isStopped = !goesOn;
        readOrNot();
    }

    @Override
    public void bodyTaken() {
        // What comes next is the next request.
    }

    @Override
    public void wrote(Future<Void> written, int bytes) {
        // The connection counts for itself.
    }

    @Override
    public boolean isWritable() {
        return channel.isWritable();
    }

    @Override
    public void onWritable(Runnable action) {
        Wire.onWritable(connection, action);
    }

    /** By a reset of the connection, which is all that HTTP/1.x has for it. */
    @Override
    public void abort() {
        Wire.abort(connection);
    }

    private void readOrNot() {
        channel.config().setAutoRead(!isStopped && !hasBacklog);
    }

    /** Bytes that were handed to the connection and have not left it yet. */
    public long unwrittenBytes() {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        // A message counts as pending, whole, until its last byte has left.
        return buffer == null ? 0 : buffer.totalPendingWriteBytes() - buffer.currentProgress();
    }

    /** The next answer whose head is to be written is the last one, unless the request behind it has come already. */
    public void leave() {
        isLeaving = true;
    }

    /** Whether the answer whose head is about to be written should be the last one. */
    public boolean shouldEnd() {
        return isLeaving && !holdsBack;
    }

    /** Whether, between two requests, nothing of the next has come; false for good once nothing more will be read. */
    public boolean isIdle() {
        return !inHead && !holdsBack && !isLast;
    }

    /** Whether a part of a request head has come and the rest has not. */
    public boolean isInHead() {
        return inHead;
    }

    /** When that head began, by {@link System#nanoTime()}; without meaning outside a head. */
    public long headSinceNanos() {
        return headSinceNanos;
    }

    /** Why the decoder refused this request, which the server has handed to its invalid-request handler. */
    public static Fault fault(HttpServerRequest refused) {
        Throwable cause = refused.decoderResult().cause();
        if (cause instanceof TooLongHttpLineException) {
            return Fault.LINE_TOO_LONG;
        }
        if (cause instanceof TooLongHttpHeaderException) {
            return Fault.HEAD_TOO_LARGE;
        }
        return cause instanceof VersionException ? Fault.VERSION : Fault.SYNTAX;
    }

    private static final class VersionException extends IllegalArgumentException {
        private static final long serialVersionUID = 1L;

        VersionException() {
            super("neither HTTP/1.1 nor HTTP/1.0");
        }
    }

    /** What goes out. */
    private final class Answers extends ChannelOutboundHandlerAdapter {

        private final Decoder decoder;

        Answers(Decoder decoder) {
            this.decoder = decoder;
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            boolean isInterim = message instanceof HttpResponse response
                    && response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
            ctx.write(message, promise);
            if (message instanceof LastHttpContent && !isInterim) {
                isAnswering = false;
                if (holdsBack) {
                    // Not at once: Vert.x has to learn of the end first.
                    ctx.executor().execute(decoder::proceed);
                }
            }
        }

        @Override
        public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
            isLast = true;
            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> ctx.close(promise));
        }
    }

    private final class Decoder extends VertxHttpRequestDecoder {

        private boolean inBody;
        private boolean afterLine;
        private ChannelHandlerContext context;

        Decoder(Http1ServerConfig config) {
            super(config);
        }

        @Override
        protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
            context = ctx;
            if (!inBody && isLast) {
                in.skipBytes(in.readableBytes());
                return;
            }
            if (!inBody && (isAnswering || !channel.isWritable())) {
                holdBack(in.readableBytes());
                return;
            }
            int before = out.size();
            super.decode(ctx, in, out);
            Wire.unpool(out, before);
            for (int i = before; i < out.size(); i++) {
                if (out.get(i) instanceof HttpRequest request) {
                    inBody = true;
                    afterLine = false;
                    isAnswering = true;
                    isHeadAsked = HttpMethod.HEAD.equals(request.method());
                }
                if (out.get(i) instanceof LastHttpContent) {
                    inBody = false;
                }
            }
            boolean begun = !inBody && out.size() == before && (afterLine || in.isReadable());
            if (begun && !inHead) {
                headSinceNanos = System.nanoTime();
            }
            inHead = begun;
        }

        private void holdBack(int bytes) {
            holdsBack = true;
            inHead = false;
            // Until then reading goes on, or the caller's leaving would not be noticed.
            hasBacklog = bytes >= MAX_BACKLOG_BYTES;
            readOrNot();
        }

        /** Goes on with what has come already, if there is something and its time has come. */
        void proceed() {
            if (holdsBack && !isAnswering && channel.isWritable() && channel.isActive()) {
                holdsBack = false;
                hasBacklog = false;
                readOrNot();
                try {
                    channelRead(context, Unpooled.EMPTY_BUFFER);
                } catch (Exception e) {
                    context.fireExceptionCaught(e);
                }
                context.fireChannelReadComplete();
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
            if (!(event instanceof ShutdownEvent)) {
                super.userEventTriggered(ctx, event);
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) throws Exception {
            super.channelWritabilityChanged(ctx);
            proceed();
        }

        @Override
        protected HttpMessage createMessage(String[] words) {
            if (!words[2].equals("HTTP/1.1") && !words[2].equals("HTTP/1.0")) {
                throw VERSION.matcher(words[2]).matches()
                        ? new VersionException()
                        : new IllegalArgumentException("the request line does not end in a version");
            }
            afterLine = true;
            return super.createMessage(words);
        }

        @Override
        protected String splitFirstWordInitialLine(byte[] line, int start, int length) {
            if (start > 0) {
                throw new IllegalArgumentException("the request line starts with white space");
            }
            return super.splitFirstWordInitialLine(line, start, length);
        }

        @Override
        protected String splitSecondWordInitialLine(byte[] line, int start, int length) {
            requireOneSpace(line, start);
            return super.splitSecondWordInitialLine(line, start, length);
        }

        @Override
        protected String splitThirdWordInitialLine(byte[] line, int start, int length) {
            if (length > 0) {
                requireOneSpace(line, start);
            }
            return super.splitThirdWordInitialLine(line, start, length);
        }

        private static void requireOneSpace(byte[] line, int wordStart) {
            if (wordStart < 2 || line[wordStart - 1] != ' ' || line[wordStart - 2] <= ' ') {
                throw new IllegalArgumentException("the words of the request line are not parted by one space");
            }
        }
    }
}

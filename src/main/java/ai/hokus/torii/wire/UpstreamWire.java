package ai.hokus.torii.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.CombinedChannelDuplexHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestEncoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.AttributeKey;
import io.vertx.core.http.HttpConnection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One connection to MLflow below Vert.x, which carries one exchange at a time. Used on the connection's event loop.
 *
 * <ol>
 *   <li>An interim answer is never taken for the answer (Vert.x 5.2 takes any 1xx but 100 and 103 for it). Nobody asked
 *       for one, for no {@code Expect} goes out: who says more than was asked may say the rest when the next request is
 *       out, so the connection is not used again.
 *   <li>Bytes behind an answer belong to nobody: they are thrown away and the connection ends.
 *   <li>The connection is free again only when the answer has been taken whole. Vert.x returns it to the pool at the
 *       last byte read, so that a caller who reads slowly would stop the next one's answer.
 *   <li>A request that MLflow stops reading does not lose the answer that MLflow has already sent: a failed write does
 *       not close the connection, the end of what can be read does.
 * </ol>
 */
public final class UpstreamWire {

    private static final AttributeKey<UpstreamWire> KEY = AttributeKey.valueOf(UpstreamWire.class, "wire");

    private static final Pattern TIMEOUT = Pattern.compile("(?i)\\btimeout=(\\d{1,9})\\b");

    private final Channel channel;

    /** Of the request whose answer has not ended; null between exchanges. */
    private HttpMethod method;

    private int requests;
    private boolean answerBegun;
    private boolean decoded;
    private boolean metered;
    private long passed;
    private long taken;
    private HttpResponse head;
    private long keepAliveSeconds = Long.MAX_VALUE;
    private boolean paused;
    private boolean endHeld;
    private boolean retired;
    private boolean inputEnded;
    private boolean isTls;
    private boolean closeNotified;
    private ChannelHandlerContext gate;

    private UpstreamWire(Channel channel) {
        this.channel = channel;
    }

    /** Takes over reading and writing; call it in the client's connect handler. */
    public static UpstreamWire install(HttpConnection connection, int maxHeadBytes, int maxChunkBytes) {
        Channel channel = Wire.channel(connection);
        UpstreamWire wire = new UpstreamWire(channel);
        channel.attr(KEY).set(wire);
        Wire.readAtOnce(channel, Wire.BUFFERS_AT_ONCE);
        channel.config().setAutoClose(false);
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        HttpDecoderConfig config =
                new HttpDecoderConfig().setMaxHeaderSize(maxHeadBytes).setMaxChunkSize(maxChunkBytes);
        channel.pipeline()
                .replace(
                        "codec",
                        "codec",
                        new CombinedChannelDuplexHandler<>(wire.new Decoder(config), wire.new Encoder()));
        wire.isTls = channel.pipeline().get(SslHandler.class) != null;
        channel.pipeline().addBefore("codec", "notify", wire.new CloseNotify());
        channel.pipeline().addAfter("codec", "gate", wire.new Gate());
        channel.pipeline().addAfter("gate", "watch", new Wire.WritableWatch());
        return wire;
    }

    /** The wire of a connection on which {@link #install} was called. */
    public static UpstreamWire of(HttpConnection connection) {
        return Wire.channel(connection).attr(KEY).get();
    }

    /** Whether the exchange on it is not its first: only such a connection can have died of old age. */
    public boolean isReused() {
        return requests > 1;
    }

    /** Whether a byte has come since the request was written. */
    public boolean hasAnswerBegun() {
        return answerBegun;
    }

    /**
     * From the request that is written next until the end of its answer, the end waits for {@link #took} of all that
     * came before it, and for a reader that is not paused.
     */
    public void meter() {
        metered = true;
    }

    /** Runs this once the connection is closed. */
    public void onClose(Runnable action) {
        channel.closeFuture().addListener(closed -> action.run());
    }

    /** Whether another exchange may go over it, once this one has ended whole. */
    public boolean isReusable() {
        return !retired && !inputEnded && channel.isActive();
    }

    /** How long it may be idle, as the last answer said; for ever when it said nothing. */
    public long keepAliveSeconds() {
        return keepAliveSeconds;
    }

    /** No other exchange goes over it: it ends behind the answer that has begun. */
    public void retire() {
        retired = true;
    }

    /** The reader of a metered answer has so many more bytes of it. */
    public void took(long bytes) {
        taken += bytes;
        passEndSoon();
    }

    /** The reader of a metered answer wants no more of it for now. */
    public void pause() {
        paused = true;
        channel.config().setAutoRead(false);
    }

    /** It wants more again. */
    public void resume() {
        paused = false;
        channel.config().setAutoRead(true);
        passEndSoon();
    }

    private boolean mayEndPass() {
        return endHeld && (!metered || taken >= passed && !paused);
    }

    private void passEndSoon() {
        if (mayEndPass()) {
            // Not at once: the reader is in the middle of taking.
            channel.eventLoop().execute(() -> {
                if (mayEndPass()) {
                    letEndPass();
                    gate.fireChannelReadComplete();
                }
            });
        }
    }

    private void begin(HttpMethod requestMethod) {
        method = requestMethod;
        requests++;
        answerBegun = false;
        decoded = false;
        passed = 0;
        taken = 0;
        head = null;
    }

    private void letEndPass() {
        endHeld = false;
        method = null;
        metered = false;
        retired |= inputEnded || head != null && !HttpUtil.isKeepAlive(head);
        if (head != null && retired) {
            // The one form in which Vert.x understands that it may not use the connection again.
            head.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        gate.fireChannelRead(LastHttpContent.EMPTY_LAST_CONTENT);
        if (inputEnded) {
            gate.close();
        }
    }

    /** The timeout in a Keep-Alive field (RFC 2068 §19.7.1.1). */
    private static long keepAliveSeconds(String field) {
        Matcher timeout = field == null ? null : TIMEOUT.matcher(field);
        return timeout != null && timeout.find() ? Long.parseLong(timeout.group(1)) : Long.MAX_VALUE;
    }

    private final class Encoder extends HttpRequestEncoder {

        @Override
        public void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) throws Exception {
            if (msg instanceof HttpRequest request) {
                begin(request.method());
            }
            super.write(ctx, msg, promise);
        }

        @Override
        protected void encodeInitialLine(ByteBuf head, HttpRequest request) throws Exception {
            Wire.makeRoomForBody(head, request);
            super.encodeInitialLine(head, request);
        }
    }

    private final class Decoder extends HttpResponseDecoder {

        Decoder(HttpDecoderConfig config) {
            super(config);
        }

        @Override
        protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
            if (method == null || decoded) {
                retired = true;
                in.skipBytes(in.readableBytes());
                if (method == null) {
                    ctx.close();
                }
                return;
            }
            answerBegun = true;
            int before = out.size();
            super.decode(ctx, in, out);
            Wire.unpool(out, before);
            for (int i = before; i < out.size(); i++) {
                if (isInterim(out.get(i))) {
                    retired = true;
                    // With the end that follows it.
                    out.subList(i, out.size()).clear();
                } else if (out.get(i) instanceof LastHttpContent) {
                    decoded = true;
                }
            }
        }

        @Override
        protected void decodeLast(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
            inputEnded = true;
            if (isTls && !closeNotified && method != null && !decoded) {
                // Cut by somebody who could not say so within TLS (RFC 9112 §9.8): not the end of an answer.
                return;
            }
            super.decodeLast(ctx, in, out);
        }

        private static boolean isInterim(Object message) {
            return message instanceof HttpResponse response
                    && response.decoderResult().isSuccess()
                    && response.status().codeClass() == HttpStatusClass.INFORMATIONAL
                    && response.status().code() != 101;
        }

        @Override
        protected boolean isContentAlwaysEmpty(HttpMessage message) {
            return super.isContentAlwaysEmpty(message) || HttpMethod.HEAD.equals(method);
        }
    }

    /** The end of the TLS stream is the end of what can be read, whether or not the connection is closed then. */
    private final class CloseNotify extends ChannelInboundHandlerAdapter {

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof SslCloseCompletionEvent end && end.isSuccess()) {
                closeNotified = true;
                ctx.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            }
            ctx.fireUserEventTriggered(event);
        }
    }

    private final class Gate extends ChannelInboundHandlerAdapter {

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            gate = ctx;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof HttpResponse response) {
                head = response;
                keepAliveSeconds = keepAliveSeconds(response.headers().get("Keep-Alive"));
            }
            if (message instanceof HttpContent content) {
                passed += content.content().readableBytes();
            }
            boolean end = message instanceof LastHttpContent last
                    && last.decoderResult().isSuccess();
            if (!end || message instanceof HttpResponse) {
                ctx.fireChannelRead(message);
                return;
            }
            ByteBuf rest = ((LastHttpContent) message).content();
            if (rest.isReadable()) {
                ctx.fireChannelRead(new DefaultHttpContent(rest));
            } else {
                rest.release();
            }
            // Behind the rest: when that is taken at once, the end of this reading lets the end pass.
            endHeld = true;
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            if (mayEndPass()) {
                letEndPass();
            }
            ctx.fireChannelReadComplete();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                inputEnded = true;
                if (!endHeld) {
                    ctx.close();
                }
            } else if (!(event instanceof ChannelInputShutdownReadComplete)
                    && !(event instanceof ChannelOutputShutdownEvent)) {
                ctx.fireUserEventTriggered(event);
            }
        }
    }
}

package ai.hokus.torii.exchange;

import ai.hokus.torii.wire.CallerSide;
import ai.hokus.torii.wire.CallerStream;
import ai.hokus.torii.wire.CallerWire;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * One request and its answer: the {@link Facts} the stages find out, and the two moments everybody waits for, the
 * caller's leaving and the end.
 *
 * <p>Belongs to the event loop of the caller's connection; never touched from another thread. A stage writes facts,
 * telemetry reads them once, at the end. It owns the close and exception handlers of request and response: a stage that
 * wants to know of the caller's leaving asks {@link #onCallerGone}.
 */
public final class Exchange extends Facts {

    private final Vertx vertx;
    private final HttpServerRequest request;
    private final CallerSide caller;
    private final RequestHead head;
    private final String id;
    private final long startNanos = System.nanoTime();
    private TraceContext trace;
    private final List<Runnable> goneListeners = new ArrayList<>(2);
    private Consumer<Exchange> endListener = exchange -> {};
    private Runnable release = () -> {};
    private Consumer<GatewayFailure> malformedListener = failure -> {};

    private String clientIp;
    private boolean malformed;
    private boolean requestEnded;
    private boolean callerGone;
    private boolean ended;

    private Exchange(Vertx vertx, HttpServerRequest request) {
        this.vertx = vertx;
        this.request = request;
        this.caller = CallerSide.of(request);
        this.head = RequestHead.of(request, caller);
        this.id = RequestId.of(request.headers());
    }

    /**
     * Opens the exchange of a request that has just arrived. Pauses the body at once: without that, bytes that arrive
     * while the key is checked would be lost.
     */
    public static Exchange open(Vertx vertx, HttpServerRequest request) {
        Exchange exchange = new Exchange(vertx, request);
        request.pause();
        // Of a small body, what is there may come: so the caller's leaving is noticed while its key is checked.
        if (HeadRules.mayBringMuch(exchange.head)) {
            exchange.caller.read(false);
        }
        HttpServerResponse response = request.response();
        response.putHeader("X-Request-Id", exchange.id);
        response.closeHandler(v -> exchange.closed());
        response.exceptionHandler(exchange::connectionBroke);
        request.exceptionHandler(exchange::connectionBroke);
        response.headersEndHandler(v -> ConnectionEnd.announce(exchange));
        response.endHandler(v -> exchange.end());
        return exchange;
    }

    /** Reads no more of the body for now. */
    public void pauseBody() {
        if (isBodyReadable()) {
            request.pause();
        }
        caller.read(false);
    }

    /** Goes on reading the body, or what comes behind it. */
    public void resumeBody() {
        if (isBodyReadable()) {
            request.resume();
        }
        caller.read(true);
    }

    /** An HTTP/2 request that has ended throws when it is told to pause or go on; in HTTP/1.x that is the next one's affair. */
    private boolean isBodyReadable() {
        return caller instanceof CallerWire || !request.isEnded();
    }

    /** Called once, when the answer is written or the caller has left. */
    public void onEnd(Consumer<Exchange> listener) {
        endListener = listener;
    }

    /**
     * Called when nothing more can come from the caller before the answer is written, because it left or because its
     * body is no HTTP; at once if it is so already.
     */
    public void onCallerGone(Runnable listener) {
        if (callerGone || malformed) {
            listener.run();
        } else {
            goneListeners.add(listener);
        }
    }

    /** Either the connection is gone, or what comes on it is no HTTP any more; then Vert.x closes it after this. */
    private void connectionBroke(Throwable cause) {
        if (caller instanceof CallerStream) {
            closed();
            return;
        }
        boolean gone = cause instanceof IOException || cause instanceof HttpClosedException;
        if (gone || response().headWritten()) {
            callerLeft();
        } else if (!ended && !malformed) {
            malformed = true;
            malformedListener.accept(GatewayFailure.requestMalformed("its body is no well-formed chunked coding"));
            List.copyOf(goneListeners).forEach(Runnable::run);
        }
    }

    /** Called when the body turns out to be no HTTP, to answer so at once: the connection ends behind the call. */
    public void onMalformed(Consumer<GatewayFailure> listener) {
        malformedListener = listener;
    }

    /** Whether the request cannot be read to its end although the caller is still there. */
    boolean isMalformed() {
        return malformed;
    }

    /** A stream is closed behind every answer, while its end is being handed over; a connection is when its caller leaves. */
    private void closed() {
        if (caller instanceof CallerStream && response().ended()) {
            end();
        } else {
            callerLeft();
        }
    }

    private void callerLeft() {
        if (ended) {
            return;
        }
        callerGone = true;
        List.copyOf(goneListeners).forEach(Runnable::run);
        end();
    }

    /**
     * Cuts the answer short by a reset, so that it cannot look whole; the exchange ends with it.
     */
    public void abort() {
        caller.abort();
    }

    private void end() {
        if (ended) {
            return;
        }
        ended = true;
        if (!callerGone) {
            ConnectionEnd.take(vertx, this);
        }
        release.run();
        endListener.accept(this);
    }

    /** Gives back what the exchange holds, once, when it ends; at once if it has ended already. */
    public void holding(Runnable giveBack) {
        if (ended) {
            giveBack.run();
            return;
        }
        Runnable others = release;
        release = () -> {
            others.run();
            giveBack.run();
        };
    }

    /** Whether the body was announced in the head (RFC 9112 §6.3). */
    public boolean declaresBody() {
        return HeadRules.declaresBody(head);
    }

    /** Whether a body was announced that has not been read to its end. */
    public boolean hasUnreadBody() {
        return declaresBody() && !requestEnded;
    }

    /** Whether the caller waits for 100 Continue before it sends the body (RFC 9110 §10.1.1). */
    public boolean expectsContinue() {
        return request.version() != HttpVersion.HTTP_1_0
                && "100-continue".equalsIgnoreCase(request.getHeader(HttpHeaders.EXPECT));
    }

    /** The stage that reads the body says when its end has come. */
    public void requestEnded() {
        requestEnded = true;
        caller.bodyTaken();
    }

    /** Whether the caller left before the answer was written. */
    public boolean isCallerGone() {
        return callerGone;
    }

    /** Whether nothing more will happen. */
    public boolean isEnded() {
        return ended;
    }

    /** Its head as it came. */
    public RequestHead head() {
        return head;
    }

    /** Its caller's side: the connection, or the stream. */
    public CallerSide caller() {
        return caller;
    }

    /** The request as it came, paused. */
    public HttpServerRequest request() {
        return request;
    }

    /** Its answer. */
    public HttpServerResponse response() {
        return request.response();
    }

    /** Its name. */
    public String id() {
        return id;
    }

    /** The trace it belongs to. */
    public TraceContext trace() {
        if (trace == null) {
            trace = TraceContext.of(request.headers());
        }
        return trace;
    }

    /** The address of the peer, without port. */
    public String peer() {
        return request.connection().remoteAddress().hostAddress();
    }

    /**
     * The caller's address, without port: the peer's, unless a trusted proxy named another.
     */
    public String clientIp() {
        return clientIp == null ? peer() : clientIp;
    }

    /** Fact: the caller's address. */
    public void clientIp(String found) {
        clientIp = found;
    }

    /** Nanoseconds since it was opened. */
    public long nanos() {
        return System.nanoTime() - startNanos;
    }

    /** Body bytes from the caller. */
    public long bytesIn() {
        return request.bytesRead();
    }

    /** Body bytes to the caller. */
    public long bytesOut() {
        return response().bytesWritten();
    }
}

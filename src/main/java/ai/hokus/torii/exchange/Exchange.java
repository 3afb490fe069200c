package ai.hokus.torii.exchange;

import ai.hokus.torii.identity.Access;
import ai.hokus.torii.identity.Principal;
import ai.hokus.torii.wire.CallerSide;
import ai.hokus.torii.wire.CallerStream;
import ai.hokus.torii.wire.CallerWire;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One request and its answer: the facts the stages find out, and the two moments everybody waits for, the caller's
 * leaving and the end.
 *
 * <p>Belongs to the event loop of the caller's connection; never touched from another thread. A stage writes facts,
 * telemetry reads them once, at the end. It owns the close and exception handlers of request and response: a stage that
 * wants to know of the caller's leaving asks {@link #onCallerGone}.
 */
public final class Exchange {

    private static final Operation UNRESOLVED = Operation.own("unresolved", Access.NONE);

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

    private Operation operation = UNRESOLVED;
    private Route route;
    private Principal principal;
    private String clientIp;
    private KeyCheck keyCheck;
    private Decision decision;
    private Buffer heldBody;
    private BodyLimit bodyLimit;
    private GatewayFailure failure;
    private boolean malformed;
    private String upstream = "";
    private long upstreamNanos = -1;
    private long waitNanos = -1;
    private long limitNanos = -1;
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

    /** What it is about; {@code unresolved} until that is known. */
    public Operation operation() {
        return operation;
    }

    /** Fact: what it is about. */
    public void operation(Operation found) {
        operation = found;
    }

    /** Where it goes in MLflow; empty for the gateway's own routes. */
    public Optional<Route> route() {
        return Optional.ofNullable(route);
    }

    /** Fact: where it goes in MLflow. */
    public void route(Route found) {
        route = found;
        operation = found.operation();
    }

    /** Who asks; empty before the key was accepted and on open routes. */
    public Optional<Principal> principal() {
        return Optional.ofNullable(principal);
    }

    /** Fact: who asks. */
    public void principal(Principal found) {
        principal = found;
    }

    /** What the check of the key came to; empty when there was none. */
    public Optional<KeyCheck> keyCheck() {
        return Optional.ofNullable(keyCheck);
    }

    /** Fact: what the check of the key came to. */
    public void keyCheck(KeyCheck found) {
        keyCheck = found;
    }

    /** What was decided about the operation; empty when that was not asked. */
    public Optional<Decision> decision() {
        return Optional.ofNullable(decision);
    }

    /** Fact: what was decided about the operation. */
    public void decision(Decision found) {
        decision = found;
    }

    /** The whole body, where it had to be read before it could be decided about; empty otherwise. */
    public Optional<Buffer> heldBody() {
        return Optional.ofNullable(heldBody);
    }

    /** Fact: the whole body, read to its end. */
    public void heldBody(Buffer body) {
        heldBody = body;
    }

    /**
     * Refuses a body that has come to more than it may have.
     *
     * @throws GatewayFailure body_too_large
     */
    public void checkBody(long bytesSoFar) {
        if (bodyLimit != null) {
            bodyLimit.check(bytesSoFar);
        }
    }

    /** Fact: how large the body may become, where its length is not known yet. */
    public void bodyLimit(BodyLimit limit) {
        bodyLimit = limit;
    }

    /** Fact: which replica of MLflow's is asked, by address and port. */
    public void upstream(String name) {
        upstream = name;
    }

    /** Address and port of the replica that was asked last; empty when none was. */
    public String upstream() {
        return upstream;
    }

    /** Fact: nanoseconds from the request's going out until the head of MLflow's answer. */
    public void upstreamNanos(long nanos) {
        upstreamNanos = nanos;
    }

    /** Nanoseconds until the head of MLflow's answer; -1 when there was none. */
    public long upstreamNanos() {
        return upstreamNanos;
    }

    /** Fact: nanoseconds that the request waited for the store of the limits. */
    public void limitNanos(long nanos) {
        limitNanos = nanos;
    }

    /** Nanoseconds that the request waited for the store of the limits; -1 when it did not have to. */
    public long limitNanos() {
        return limitNanos;
    }

    /** Fact: nanoseconds that the request waited for a connection to MLflow. */
    public void waitNanos(long nanos) {
        waitNanos = nanos;
    }

    /** Nanoseconds that the request waited for a connection to MLflow; -1 when it did not come to that. */
    public long waitNanos() {
        return waitNanos;
    }

    /** Body bytes from the caller. */
    public long bytesIn() {
        return request.bytesRead();
    }

    /** Body bytes to the caller. */
    public long bytesOut() {
        return response().bytesWritten();
    }

    /** Fact: it failed. */
    public void failure(GatewayFailure found) {
        failure = found;
    }

    /** Why it failed; empty when it did not, or when MLflow itself said no. */
    public Optional<GatewayFailure> failure() {
        return Optional.ofNullable(failure);
    }
}

package ai.hokus.torii.proxy;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.wire.Wire;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.AsyncFile;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.streams.ReadStream;
import java.time.Duration;

/**
 * A request's body on its way to MLflow, no faster than MLflow takes it.
 *
 * <p>Ends the request only when its body has come whole; whatever else happens, the request is left unended, and its
 * owner resets it, so that MLflow never takes a part for the whole.
 */
final class Upload {

    /** What the owner is told; after {@link #stop} nothing more. */
    interface Listener {

        /** The request is out, body and all. */
        void sentWhole();

        /** It will never be; anything but a {@code GatewayFailure} is a fault of ours. */
        void failed(Throwable failure);
    }

    /** Where the body comes from, and how it is held back. */
    private record Source(ReadStream<Buffer> bytes, Runnable pause, Runnable resume) {}

    /** MLflow closes its end when it refuses a body unread; what it has said before is still on its way. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final ForwardStage stage;
    private final Exchange exchange;
    private final HttpClientRequest out;
    private final Listener listener;
    private final Guard guard;
    private final Deadline deadline;
    private Source source;
    private int declared = -1;
    private long unannounced;
    private boolean begun;
    private boolean sentWithHead;
    private boolean isTaken = true;
    private boolean stopped;

    Upload(ForwardStage stage, Exchange exchange, HttpClientRequest out, Listener listener) {
        this.stage = stage;
        this.exchange = exchange;
        this.out = out;
        this.listener = listener;
        this.guard = new Guard(this::fail);
        this.deadline = new Deadline(stage.deadlines());
    }

    void start(RequestBody body) {
        if (body instanceof RequestBody.None none) {
            HttpMethod method = exchange.request().method();
            if (none.isLengthWritten() || method == HttpMethod.POST || method == HttpMethod.PUT) {
                out.putHeader(HttpHeaders.CONTENT_LENGTH, "0");
            }
            out.end();
            listener.sentWhole();
        } else if (body instanceof RequestBody.Held held) {
            out.putHeader(
                    HttpHeaders.CONTENT_LENGTH, Integer.toString(held.bytes().length()));
            out.end(held.bytes());
            listener.sentWhole();
        } else if (body instanceof RequestBody.Spooled spooled) {
            out.putHeader(
                    HttpHeaders.CONTENT_LENGTH, Long.toString(spooled.file().length()));
            AsyncFile file = spooled.file().rewound();
            file.exceptionHandler(cause -> fail(GatewayFailure.internal("spool: " + cause)));
            pump(new Source(file, file::pause, file::resume));
        } else if (body instanceof RequestBody.Sized sized) {
            out.headers().add(HttpHeaders.CONTENT_LENGTH, sized.length());
            declared = RequestBody.shortLength(sized.length());
            if (exchange.expectsContinue()) {
                exchange.response().writeContinue();
            }
            pump(caller());
        } else if (body instanceof RequestBody.Streamed streamed) {
            out.setChunked(true);
            begun = true;
            unannounced = streamed.first().length();
            out.write(streamed.first());
            pump(caller());
        }
    }

    private Source caller() {
        return new Source(exchange.request(), exchange::pauseBody, exchange::resumeBody);
    }

    private void pump(Source from) {
        source = from;
        deadline.start(stage.config().uploadStallTimeout(), guard.action(this::stalled));
        from.bytes().handler(guard.handler(this::forward));
        from.bytes().endHandler(guard.handler(v -> ended()));
        from.resume().run();
        // With the first bytes if they are here already; without them MLflow could not refuse before they come.
        stage.vertx().runOnContext(guard.handler(v -> sendHead()));
    }

    private void sendHead() {
        if (!begun && !stopped) {
            begun = true;
            out.writeHead();
        }
    }

    private void forward(Buffer chunk) {
        if (stopped || !isTaken) {
            return;
        }
        deadline.touch();
        if (unannounced > 0) {
            unannounced += chunk.length();
            exchange.checkBody(unannounced);
        }
        boolean isWhole = !begun && chunk.length() == declared;
        begun = true;
        // In one piece a body goes out with its head; its end, which follows at once, has nothing left to send then.
        sentWithHead = isWhole;
        (isWhole ? out.end(chunk) : out.write(chunk)).onFailure(cause -> noLongerTaken());
        if (isTaken && !Wire.isWritable(out.connection())) {
            source.pause().run();
            Wire.onWritable(out.connection(), guard.action(this::drained));
        }
    }

    private void drained() {
        if (!stopped && isTaken) {
            deadline.touch();
            source.resume().run();
        }
    }

    private void ended() {
        if (source.bytes() == exchange.request()) {
            exchange.requestEnded();
        }
        if (!stopped && isTaken) {
            stopped = true;
            deadline.cancel();
            if (!sentWithHead) {
                out.end();
            }
            listener.sentWhole();
        }
    }

    private void noLongerTaken() {
        if (!stopped && isTaken) {
            isTaken = false;
            source.pause().run();
            deadline.start(
                    LAST_WORDS,
                    guard.action(() -> fail(GatewayFailure.upstreamBroken(
                            exchange.upstream() + " closed the connection while the body was sent"))));
        }
    }

    private void stalled() {
        Duration limit = stage.config().uploadStallTimeout();
        fail(
                !Wire.isWritable(out.connection())
                        ? GatewayFailure.upstreamTimeout(exchange.upstream() + " stopped reading the body")
                        : GatewayFailure.callerStalled("request body stopped coming", limit));
    }

    private void fail(Throwable failure) {
        if (!stopped) {
            stop();
            listener.failed(failure);
        }
    }

    /** MLflow has begun to answer: the rest may still be wanted, but its time is the answer's now. */
    void answered() {
        deadline.cancel();
    }

    /** Sends nothing more, and reads nothing more. */
    void stop() {
        deadline.cancel();
        if (!stopped) {
            stopped = true;
            if (source != null) {
                source.pause().run();
            }
        }
    }
}

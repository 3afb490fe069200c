package ai.hokus.torii.proxy;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.HeadRules;
import ai.hokus.torii.wire.CallerSide;
import ai.hokus.torii.wire.UpstreamWire;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.time.Duration;

/**
 * MLflow's answer on its way to the caller, no faster than the caller takes it. Its head goes out with the first byte
 * of its body, or with its end, so that an answer that breaks before is a clean 502.
 */
final class Download {

    static final int HOST_REFUSAL_MAX_BYTES = 512;
    static final String HOST_REFUSAL = "Invalid Host header";

    private final ForwardStage stage;
    private final Exchange exchange;
    private final Passage passage;
    private final HttpClientResponse answer;
    private final HttpServerResponse response;
    private final CallerSide caller;
    private final UpstreamWire wire;
    private final Runnable atEnd;
    private final int declared;
    private final Deadline deadline;
    private final Guard guard = new Guard(this::fail);
    private final Promise<Void> done = Promise.promise();

    /** What might still be MLflow's refusal of our Host; null when it cannot. */
    private Buffer withheld;

    /** A body that came in one piece; null for any other. */
    private Buffer whole;

    private boolean begun;
    private boolean held;
    private boolean stopped;

    /** The last argument is run when the answer has come whole, before its end is written. */
    Download(ForwardStage stage, Exchange exchange, Passage passage, HttpClientResponse answer, Runnable atEnd) {
        this.stage = stage;
        this.exchange = exchange;
        this.passage = passage;
        this.answer = answer;
        this.response = exchange.response();
        this.caller = exchange.caller();
        this.wire = UpstreamWire.of(answer.request().connection());
        this.atEnd = atEnd;
        this.deadline = new Deadline(stage.deadlines());
        this.withheld = mayBeHostRefusal() ? Buffer.buffer() : null;
        this.declared = RequestBody.shortLength(answer.getHeader(HttpHeaders.CONTENT_LENGTH));
    }

    /**
     * Completes when the answer is handed on whole; fails with a {@code GatewayFailure} when it broke, with anything else
     * by a fault of ours.
     */
    Future<Void> run() {
        deadline.start(stage.config().downloadStallTimeout(), guard.action(this::stalled));
        answer.exceptionHandler(guard.handler(cause -> fail(UpstreamFault.answering(cause, exchange.upstream()))));
        answer.handler(guard.handler(this::take));
        answer.endHandler(guard.handler(v -> finish()));
        return done.future();
    }

    private void take(Buffer chunk) {
        wire.took(chunk.length());
        if (stopped) {
            return;
        }
        deadline.touch();
        if (isWhole(chunk)) {
            whole = chunk;
        } else if (withheld == null) {
            write(chunk);
        } else if (withheld.appendBuffer(chunk).length() > HOST_REFUSAL_MAX_BYTES) {
            Buffer text = withheld;
            withheld = null;
            write(text);
        }
    }

    /** In one piece an answer goes out with its end, which follows at once, in one step. */
    private boolean isWhole(Buffer chunk) {
        return !begun && withheld == null && !isBodyless() && chunk.length() == declared;
    }

    private void write(Buffer chunk) {
        if (isBodyless()) {
            return;
        }
        begin();
        caller.wrote(response.write(chunk), chunk.length());
        if (!caller.isWritable()) {
            hold();
            caller.onWritable(guard.action(() -> {
                deadline.touch();
                letGo();
            }));
        }
    }

    private void hold() {
        held = true;
        answer.pause();
        wire.pause();
    }

    /** Only what is held: behind its end, the connection serves somebody else. */
    private void letGo() {
        if (held) {
            held = false;
            answer.resume();
            wire.resume();
        }
    }

    private void begin() {
        if (begun) {
            return;
        }
        begun = true;
        response.setStatusCode(answer.statusCode());
        // Vert.x gives a 304 with a phrase of its own a length of zero (RFC 9110 §8.6 forbids that).
        if (answer.statusCode() != 304 && isPhrase(answer.statusMessage())) {
            response.setStatusMessage(answer.statusMessage());
        }
        stage.headers().answer().copy(passage, answer.headers(), response.headers());
        boolean lengthless = !isBodyless() && !answer.headers().contains(HttpHeaders.CONTENT_LENGTH);
        if (lengthless && exchange.request().version() != HttpVersion.HTTP_1_0) {
            response.setChunked(true);
        }
    }

    private boolean isBodyless() {
        return HeadRules.isAnswerBodyless(exchange.head().method(), answer.statusCode());
    }

    private void finish() {
        if (stopped) {
            return;
        }
        if (withheld != null && withheld.toString().startsWith(HOST_REFUSAL)) {
            fail(GatewayFailure.upstreamRefusesHost());
            return;
        }
        if (withheld != null && withheld.length() > 0) {
            write(withheld);
        }
        begin();
        stop();
        atEnd.run();
        if (whole != null) {
            response.end(whole);
        } else {
            response.end();
        }
        done.tryComplete();
    }

    private void stalled() {
        Duration limit = stage.config().downloadStallTimeout();
        fail(
                !caller.isWritable()
                        ? GatewayFailure.callerStalled("answer was not read", limit)
                        : GatewayFailure.upstreamTimeout(exchange.upstream() + " stopped sending its answer"));
    }

    private void fail(Throwable failure) {
        if (!stopped) {
            stop();
            done.tryFail(failure);
        }
    }

    /** Passes nothing more on; what still comes is thrown away. */
    void stop() {
        stopped = true;
        deadline.cancel();
        letGo();
    }

    /** MLflow's host check answers 403 with a short plain text, chunked (MLflow 3.5 and later). */
    private boolean mayBeHostRefusal() {
        String type = answer.getHeader(HttpHeaders.CONTENT_TYPE);
        return answer.statusCode() == 403 && type != null && type.startsWith("text/plain") && !isBodyless();
    }

    /** Whether it can stand in a status line (RFC 9112 §4). */
    private static boolean isPhrase(String text) {
        if (text == null) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\t' && (c < ' ' || c >= 0x7f)) {
                return false;
            }
        }
        return true;
    }
}

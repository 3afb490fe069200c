package ai.hokus.torii.proxy;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Linger;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;

/**
 * MLflow's answer on its way to the caller. A cut one is passed on as a cut one: the caller's connection is reset, never
 * ended cleanly, or a truncated model would look whole.
 */
final class Download {

    static final int HOST_REFUSAL_MAX_BYTES = 512;
    static final String HOST_REFUSAL = "Invalid Host header";

    private final ForwardStage stage;
    private final Exchange exchange;
    private final HttpClientResponse answer;
    private final HttpServerResponse response;
    private final boolean requestSentWhole;
    private final Deadline deadline;
    private final Promise<Void> done = Promise.promise();
    private boolean finished;

    Download(ForwardStage stage, Exchange exchange, HttpClientResponse answer, boolean requestSentWhole) {
        this.stage = stage;
        this.exchange = exchange;
        this.answer = answer;
        this.response = exchange.response();
        this.requestSentWhole = requestSentWhole;
        this.deadline = new Deadline(stage.vertx());
    }

    Future<Void> run() {
        exchange.onCallerGone(this::abort);
        answer.exceptionHandler(cause -> broken(cause.getClass().getSimpleName() + ": " + cause.getMessage()));
        deadline.start(
                stage.config().stallTimeout(),
                () -> broken(response.writeQueueFull() ? "the caller stopped reading" : "MLflow stopped sending"));
        if (mayBeHostRefusal()) {
            peek();
        } else {
            head();
            relay();
        }
        return done.future();
    }

    private void head() {
        response.setStatusCode(answer.statusCode());
        if (answer.statusMessage() != null) {
            response.setStatusMessage(answer.statusMessage());
        }
        stage.responseHeaders().copy(exchange, answer.headers(), response.headers());
        if (exchange.hasUnreadBody()) {
            response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        boolean bodyless = isBodyless();
        if (!bodyless
                && !answer.headers().contains(HttpHeaders.CONTENT_LENGTH)
                && exchange.request().version() != HttpVersion.HTTP_1_0) {
            response.setChunked(true);
        }
    }

    private void relay() {
        boolean bodyless = isBodyless();
        answer.handler(chunk -> {
            deadline.touch();
            if (!bodyless) {
                write(chunk);
            }
        });
        answer.endHandler(v -> finish());
    }

    private void write(Buffer chunk) {
        if (finished) {
            return;
        }
        response.write(chunk);
        if (response.writeQueueFull()) {
            answer.pause();
            response.drainHandler(v -> {
                deadline.touch();
                answer.resume();
            });
        }
    }

    private boolean isBodyless() {
        int status = answer.statusCode();
        return exchange.request().method() == HttpMethod.HEAD || status == 204 || status == 304;
    }

    private void finish() {
        if (finished) {
            return;
        }
        finished = true;
        deadline.cancel();
        releaseUpstream();
        boolean linger = exchange.hasUnreadBody();
        Future<Void> written = response.end();
        if (linger) {
            Linger.close(stage.vertx(), exchange.request(), written);
        }
        done.tryComplete();
    }

    /** An answer that came before the request was whole leaves the connection out of step. */
    private void releaseUpstream() {
        if (!requestSentWhole) {
            answer.request().connection().close();
        }
    }

    private void broken(String how) {
        if (finished) {
            return;
        }
        finished = true;
        deadline.cancel();
        resetUpstream();
        GatewayFailure failure = GatewayFailure.upstreamBroken(stage.pool().address() + ": " + how);
        if (response.headWritten()) {
            exchange.failure(failure);
            response.reset();
            done.tryComplete();
        } else {
            done.tryFail(failure);
        }
    }

    private void abort() {
        if (finished) {
            return;
        }
        finished = true;
        deadline.cancel();
        resetUpstream();
        done.tryComplete();
    }

    /** A paused answer would keep the connection from noticing its own end. */
    private void resetUpstream() {
        answer.resume();
        answer.request().reset();
    }

    /** MLflow's host check answers 403 with a short plain text, chunked (MLflow 3.5 and later). */
    private boolean mayBeHostRefusal() {
        String type = answer.getHeader(HttpHeaders.CONTENT_TYPE);
        return answer.statusCode() == 403 && type != null && type.startsWith("text/plain") && !isBodyless();
    }

    private void peek() {
        Buffer text = Buffer.buffer();
        answer.handler(chunk -> {
            text.appendBuffer(chunk);
            if (text.length() > HOST_REFUSAL_MAX_BYTES) {
                head();
                relay();
                write(text);
            }
        });
        answer.endHandler(v -> {
            if (finished) {
                return;
            }
            if (text.toString().startsWith(HOST_REFUSAL)) {
                finished = true;
                deadline.cancel();
                releaseUpstream();
                done.tryFail(GatewayFailure.upstreamRefusesHost());
            } else {
                head();
                write(text);
                finish();
            }
        });
    }
}

package ai.hokus.torii.proxy;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Route;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.AsyncFile;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.streams.ReadStream;
import java.time.Duration;

/**
 * One request to MLflow, from the connection to the head of the answer; {@link Download} does the rest.
 *
 * <p>Three things can end it: a failure (nothing was answered yet), the caller's leaving (MLflow's connection is reset),
 * the answer's head. Whatever comes first settles it, and what comes later changes nothing. A request that was not sent
 * whole is always reset, so that MLflow never takes a part for the whole and no connection is reused out of step.
 */
final class Relay {

    private final ForwardStage stage;
    private final Exchange exchange;
    private final HttpServerRequest in;
    private final RequestBody body;
    private final Deadline deadline;
    private final Promise<Void> done = Promise.promise();

    private HttpClientRequest out;
    private long sendNanos;
    private boolean settled;
    private boolean sentWhole;
    private boolean retried;

    Relay(ForwardStage stage, Exchange exchange, RequestBody body) {
        this.stage = stage;
        this.exchange = exchange;
        this.in = exchange.request();
        this.body = body;
        this.deadline = new Deadline(stage.vertx());
    }

    Future<Void> run() {
        exchange.onCallerGone(this::callerGone);
        connect();
        return done.future();
    }

    private void connect() {
        Route route = exchange.route().orElseThrow();
        sendNanos = System.nanoTime();
        stage.pool().request(in.method(), route.target()).onComplete(guarded(result -> {
            if (result.failed()) {
                fail(UpstreamFault.connecting(result.cause(), stage.pool().address()));
                return;
            }
            out = result.result();
            // Without a handler every abort is logged as an error; the response future tells the same.
            out.exceptionHandler(cause -> in.resume());
            if (settled) {
                out.reset();
            } else {
                send();
            }
        }));
    }

    private void send() {
        stage.requestHeaders().copy(exchange, out.headers());
        out.response().onComplete(guarded(this::answered));
        if (body instanceof RequestBody.None none) {
            if (none.isLengthWritten() || in.method() == HttpMethod.POST || in.method() == HttpMethod.PUT) {
                out.putHeader(HttpHeaders.CONTENT_LENGTH, "0");
            }
            out.end();
            sentWhole();
        } else if (body instanceof RequestBody.Held held) {
            out.putHeader(
                    HttpHeaders.CONTENT_LENGTH, Integer.toString(held.bytes().length()));
            out.end(held.bytes());
            sentWhole();
        } else if (body instanceof RequestBody.Spooled spooled) {
            out.putHeader(
                    HttpHeaders.CONTENT_LENGTH, Long.toString(spooled.file().length()));
            sendSpooled(spooled.file());
        } else if (body instanceof RequestBody.Sized sized) {
            out.putHeader(HttpHeaders.CONTENT_LENGTH, sized.length());
            if (exchange.expectsContinue()) {
                exchange.response().writeContinue();
            }
            pump();
        } else if (body instanceof RequestBody.Streamed streamed) {
            out.setChunked(true);
            out.write(streamed.first());
            pump();
        }
    }

    private void sendSpooled(SpoolFile file) {
        watchUpload();
        AsyncFile from = file.rewound();
        from.exceptionHandler(cause -> fail(GatewayFailure.internal("spool: " + cause)));
        from.handler(guarded(chunk -> upload(from, chunk)));
        from.endHandler(v -> {
            if (!settled) {
                out.end();
                sentWhole();
                file.close();
            }
        });
    }

    private void pump() {
        watchUpload();
        in.handler(guarded(chunk -> upload(in, chunk)));
        in.endHandler(v -> {
            exchange.requestEnded();
            if (!settled) {
                out.end();
                sentWhole();
            }
        });
        in.resume();
    }

    private void upload(ReadStream<Buffer> from, Buffer chunk) {
        deadline.touch();
        if (settled) {
            return;
        }
        out.write(chunk);
        if (out.writeQueueFull()) {
            from.pause();
            out.drainHandler(v -> {
                deadline.touch();
                from.resume();
            });
        }
    }

    private void watchUpload() {
        deadline.start(
                stage.config().stallTimeout(),
                () -> fail(
                        out.writeQueueFull()
                                ? GatewayFailure.upstreamTimeout(stage.pool().address() + " stopped reading the body")
                                : GatewayFailure.requestMalformed("its body stopped coming")));
    }

    private void sentWhole() {
        sentWhole = true;
        Duration limit = exchange.operation().isArtifactTransfer()
                ? stage.config().artifactHeadTimeout()
                : stage.config().headTimeout();
        deadline.start(
                limit,
                () -> fail(GatewayFailure.upstreamTimeout(
                        stage.pool().address() + " sent no answer for " + limit.toSeconds() + " s")));
    }

    private void answered(AsyncResult<HttpClientResponse> result) {
        if (settled) {
            return;
        }
        if (result.failed()) {
            if (mayRetry(result.cause())) {
                retried = true;
                connect();
            } else {
                fail(UpstreamFault.answering(result.cause(), stage.pool().address()));
            }
            return;
        }
        exchange.upstreamNanos(System.nanoTime() - sendNanos);
        HttpClientResponse answer = result.result();
        GatewayFailure refusal = unfit(answer);
        if (refusal != null) {
            // Else the reset below is logged as an error.
            answer.exceptionHandler(cause -> {});
            out.connection().close();
            fail(refusal);
            return;
        }
        settled = true;
        deadline.cancel();
        closeSpool();
        new Download(stage, exchange, answer, sentWhole).run().onComplete(done);
    }

    /** Only what cannot have changed anything is sent again: no body, a safe method, no byte of an answer. */
    private boolean mayRetry(Throwable cause) {
        boolean safe = in.method() == HttpMethod.GET || in.method() == HttpMethod.HEAD;
        return safe && body instanceof RequestBody.None && !retried && UpstreamFault.isStaleConnection(cause);
    }

    /** Why an answer cannot be passed on; null when it can. */
    private GatewayFailure unfit(HttpClientResponse answer) {
        int status = answer.statusCode();
        String from = stage.pool().address();
        if (status < 200) {
            return GatewayFailure.upstreamBroken(from + " answered " + status);
        }
        if (status == 401) {
            return GatewayFailure.upstreamRefusesAccount();
        }
        boolean read = in.method() == HttpMethod.GET || in.method() == HttpMethod.HEAD;
        if (status >= 300 && status < 400 && status != 304 && !read) {
            // The Python client follows a redirected PUT as GET and believes the upload succeeded.
            return GatewayFailure.upstreamBroken(from + " answered a write with a redirect (" + status + ")");
        }
        return null;
    }

    private void fail(GatewayFailure failure) {
        if (settle()) {
            done.tryFail(failure);
        }
    }

    private void callerGone() {
        if (settle()) {
            done.tryComplete();
        }
    }

    private boolean settle() {
        if (settled) {
            return false;
        }
        settled = true;
        deadline.cancel();
        if (out != null) {
            out.reset();
        }
        closeSpool();
        return true;
    }

    private void closeSpool() {
        if (body instanceof RequestBody.Spooled spooled) {
            spooled.file().close();
        }
    }

    /** An exception in a callback ends the exchange; Vert.x itself would only log it and leave the caller waiting. */
    private <T> Handler<T> guarded(Handler<T> action) {
        return event -> {
            try {
                action.handle(event);
            } catch (RuntimeException e) {
                fail(GatewayFailure.from(e));
            }
        };
    }
}

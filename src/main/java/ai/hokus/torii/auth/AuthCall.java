package ai.hokus.torii.auth;

import ai.hokus.torii.wire.UpstreamWire;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpHeaders;
import java.util.Set;
import java.util.concurrent.TimeoutException;

/**
 * One question to the auth service and its answer, whole, within a time and a size. Whatever ends it early ends its
 * connection too, so that a service that drips or never stops holds none. Used on one event loop, once.
 *
 * <p>In place of vertx-web-client, whose requests cannot be given up: its timeout starts anew with every byte.
 */
final class AuthCall {

    private static final Set<Integer> VERDICTS = Set.of(200, 401, 402, 403, 429);

    private final Vertx vertx;
    private final int maxBytes;
    private final Promise<Answer> promise = Promise.promise();
    private final Buffer collected = Buffer.buffer();
    private HttpClientRequest open;
    private UpstreamWire wire;
    private boolean timedOut;
    private long timer;

    /** An answer that came whole. */
    record Answer(int status, MultiMap headers, Buffer body) {}

    /** The answer is larger than allowed. */
    static final class TooLargeException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        TooLargeException() {
            super("too large", null, false, false);
        }
    }

    AuthCall(Vertx vertx, int maxBytes) {
        this.vertx = vertx;
        this.maxBytes = maxBytes;
    }

    /** Sends it over this request once there is one. */
    Future<Answer> send(Future<HttpClientRequest> connected, AuthQuestion question, long timeoutMillis) {
        timer = vertx.setTimer(timeoutMillis, id -> {
            timedOut = true;
            give(new TimeoutException("no whole answer in " + timeoutMillis + " ms"));
        });
        connected.onComplete(request -> send(request, question), this::give);
        return promise.future();
    }

    private void send(HttpClientRequest request, AuthQuestion question) {
        // Without one, Vert.x logs every reset as an error.
        request.exceptionHandler(this::give);
        if (promise.future().isComplete()) {
            request.reset();
            return;
        }
        open = request;
        wire = UpstreamWire.of(request.connection());
        request.headers().addAll(question.headers());
        request.response().onComplete(this::receive, this::give);
        if (question.content() == null) {
            request.end();
        } else {
            request.putHeader(HttpHeaders.CONTENT_TYPE, "application/json").end(question.content());
        }
    }

    private void receive(HttpClientResponse response) {
        if (!VERDICTS.contains(response.statusCode())) {
            // What answers so may be something before the service, whose own answer could still come behind it.
            wire.retire();
        }
        response.exceptionHandler(this::give);
        response.handler(bytes -> {
            if (collected.length() + bytes.length() > maxBytes) {
                give(new TooLargeException());
            } else {
                collected.appendBuffer(bytes);
            }
        });
        response.endHandler(v -> {
            vertx.cancelTimer(timer);
            promise.tryComplete(new Answer(response.statusCode(), response.headers(), collected));
        });
    }

    /** Whether it failed because a connection that had been used before ended without a word. */
    boolean hasDiedOfAge() {
        return !timedOut && wire != null && wire.isReused() && !wire.hasAnswerBegun();
    }

    private void give(Throwable cause) {
        vertx.cancelTimer(timer);
        if (promise.tryFail(cause) && open != null && !(cause instanceof HttpClosedException)) {
            open.reset();
        }
    }
}

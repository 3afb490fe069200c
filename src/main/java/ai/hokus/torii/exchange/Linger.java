package ai.hokus.torii.exchange;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;

/**
 * Closes a connection whose request body was not wanted: what still comes is read and thrown away for a moment, so that
 * the answer is not lost in a reset and no byte of the body is taken for the next request (RFC 9112 §9.6).
 */
public final class Linger {

    private static final long MILLIS = 1000;
    private static final long MAX_BYTES = 1 << 20;

    private Linger() {}

    /**
     * Drains and closes; call it on the exchange's event loop, after the answer was ended.
     *
     * @param answered completes when the answer is written out, before which nothing but the time limit closes
     */
    public static void close(Vertx vertx, HttpServerRequest request, Future<Void> answered) {
        long[] drained = new long[1];
        long timer = vertx.setTimer(MILLIS, id -> request.connection().close());
        Runnable closeNow = () -> answered.onComplete(result -> {
            if (vertx.cancelTimer(timer)) {
                request.connection().close();
            }
        });
        request.handler(chunk -> {
            boolean before = drained[0] > MAX_BYTES;
            drained[0] += chunk.length();
            if (!before && drained[0] > MAX_BYTES) {
                closeNow.run();
            }
        });
        request.endHandler(v -> closeNow.run());
        request.resume();
    }
}

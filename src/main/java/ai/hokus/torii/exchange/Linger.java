package ai.hokus.torii.exchange;

import ai.hokus.torii.wire.Wire;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;

/**
 * Closes a connection whose request body was not wanted: what still comes is read and thrown away for a while, so that
 * the answer is not lost in a reset and no byte of the body is taken for the next request (RFC 9112 §9.6).
 */
final class Linger {

    /** A Python client sends its whole body before it looks for an answer; a minute of upload is not waited for. */
    private static final long MILLIS = 5000;

    private static final long MAX_BYTES = 256 << 20;

    private Linger() {}

    /** Drains and closes; call it on the exchange's event loop, after the answer was ended. */
    static void close(Vertx vertx, HttpServerRequest request) {
        long[] drained = new long[1];
        boolean[] closing = new boolean[1];
        Runnable close = () -> {
            if (!closing[0]) {
                closing[0] = true;
                Wire.closeWhenWritten(request.connection());
            }
        };
        long timer = vertx.setTimer(MILLIS, id -> close.run());
        request.handler(chunk -> {
            drained[0] += chunk.length();
            if (drained[0] > MAX_BYTES) {
                vertx.cancelTimer(timer);
                close.run();
            }
        });
        request.endHandler(v -> {
            vertx.cancelTimer(timer);
            close.run();
        });
        request.resume();
    }
}

package ai.hokus.torii.exchange;

import ai.hokus.torii.wire.Wire;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;

/**
 * Closes a connection whose request body was not wanted: what still comes is read and thrown away for a while, so that
 * the answer is not lost in a reset and no byte of the body is taken for the next request (RFC 9112 §9.6).
 *
 * <p>Ends with the body, with a second of silence, after five seconds, or after 256 MiB, whatever comes first. A Python
 * client sends its whole body before it looks for an answer, so that less would hide why it was refused.
 */
final class Linger {

    private static final long TICK_MILLIS = 1000;
    private static final int MAX_TICKS = 5;
    private static final long MAX_BYTES = 256 << 20;

    private final Vertx vertx;
    private final HttpServerRequest request;
    private final long timer;
    private long drained;
    private long drainedAtTick = -1;
    private int ticks;
    private boolean closed;

    private Linger(Vertx vertx, HttpServerRequest request) {
        this.vertx = vertx;
        this.request = request;
        this.timer = vertx.setPeriodic(TICK_MILLIS, id -> tick());
    }

    /** Drains and closes; call it on the exchange's event loop, after the answer was ended. */
    static void close(Vertx vertx, Exchange exchange) {
        HttpServerRequest request = exchange.request();
        Linger linger = new Linger(vertx, request);
        request.handler(chunk -> linger.drain(chunk.length()));
        request.endHandler(v -> linger.close());
        exchange.resumeBody();
    }

    private void drain(int bytes) {
        drained += bytes;
        if (drained > MAX_BYTES) {
            close();
        }
    }

    private void tick() {
        ticks++;
        if (drained == drainedAtTick || ticks == MAX_TICKS) {
            close();
        }
        drainedAtTick = drained;
    }

    private void close() {
        if (!closed) {
            closed = true;
            vertx.cancelTimer(timer);
            Wire.closeWhenWritten(request.connection());
        }
    }
}

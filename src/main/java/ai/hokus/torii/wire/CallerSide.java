package ai.hokus.torii.wire;

import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;

/**
 * The caller's side of one exchange: a connection that the exchange has to itself in HTTP/1.x, one stream among others in
 * HTTP/2. Used on the connection's event loop.
 */
public sealed interface CallerSide permits CallerWire, CallerStream {

    /** The side of a request on whose connection {@code install} was called. */
    static CallerSide of(HttpServerRequest request) {
        return request.version() == HttpVersion.HTTP_2
                ? CallerStreams.of(request.connection()).open(request)
                : CallerWire.of(request.connection());
    }

    /** Reads no more of the body, or goes on reading, beyond what Vert.x' own pause does. */
    void read(boolean goesOn);

    /** The whole body has been handed to its reader. */
    void bodyTaken();

    /** So many bytes of the answer were handed over; the future ends when they have left, or never will. */
    void wrote(Future<Void> written, int bytes);

    /** Whether less than 64 KiB of the answer wait to be written. */
    boolean isWritable();

    /** Runs this once when it is writable again; in place of what was to be run before. */
    void onWritable(Runnable action);

    /** Ends the exchange at once, so that neither its request nor its answer can look whole. */
    void abort();
}

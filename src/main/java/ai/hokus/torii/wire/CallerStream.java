package ai.hokus.torii.wire;

import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Stream;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;

/**
 * One HTTP/2 stream of a caller's. Used on the connection's event loop.
 *
 * <ol>
 *   <li>Until somebody reads its body, a stream may bring no more than {@link CallerStreams#FIRST_WINDOW_BYTES}; then its
 *       window grows, and Vert.x opens it again only for what its reader has taken.
 *   <li>What waits to be written is counted by the stream, not by the connection, so that a caller who does not read one
 *       answer gets the others.
 *   <li>Behind an answer, a request that has not ended is told that nobody reads on, by a reset without an error, and
 *       only when the end of the answer is out, which the reset would overtake (RFC 9113 §8.1).
 * </ol>
 */
public final class CallerStream implements CallerSide {

    private static final int FULL_BYTES = 64 * 1024;
    private static final int LOW_BYTES = 32 * 1024;

    /** A Content-Length of so many digits fits into the first window. */
    private static final int SMALL_DIGITS = 4;

    private final CallerStreams connection;
    private final HttpServerRequest request;
    private final Http2Stream stream;
    private final boolean hasOpenEnd;
    private boolean isWide;
    private long unwritten;
    private Runnable onWritable;
    private long answeredNanos;
    private boolean isAnswered;

    CallerStream(CallerStreams connection, HttpServerRequest request, Http2Stream stream) {
        this.connection = connection;
        this.request = request;
        this.stream = stream;
        this.hasOpenEnd = isRemoteOpen();
    }

    /** Whether the request did not end with its head. */
    public boolean hasOpenEnd() {
        return hasOpenEnd;
    }

    @Override
    public void read(boolean goesOn) {
        if (goesOn && !isWide && isRemoteOpen()) {
            isWide = true;
            String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
            if (length == null || length.length() > SMALL_DIGITS) {
                connection.widen(stream);
            }
        }
    }

    /** Vert.x gives back no window any more once the end of the body has come. */
    @Override
    public void bodyTaken() {
        connection.consumeRest(stream);
    }

    @Override
    public void wrote(Future<Void> written, int bytes) {
        unwritten += bytes;
        written.onComplete(result -> {
            unwritten -= bytes;
            if (unwritten <= LOW_BYTES && onWritable != null) {
                Runnable action = onWritable;
                onWritable = null;
                action.run();
            }
        });
    }

    @Override
    public boolean isWritable() {
        return unwritten < FULL_BYTES;
    }

    @Override
    public void onWritable(Runnable action) {
        onWritable = action;
    }

    /** By a reset of the stream; the connection goes on. */
    @Override
    public void abort() {
        reset(Http2Error.INTERNAL_ERROR);
    }

    /** The answer was handed over whole: nobody reads what may still come of the request. */
    public void answered() {
        isAnswered = true;
        answeredNanos = System.nanoTime();
        if (stream.state() == Http2Stream.State.HALF_CLOSED_LOCAL) {
            answerIsOut();
        }
    }

    /** The end of the answer has gone out. */
    void answerIsOut() {
        if (isAnswered) {
            // Not at once: the end of the request may have come already.
            connection.later(() -> {
                if (isRemoteOpen()) {
                    reset(Http2Error.NO_ERROR);
                }
            });
        }
    }

    /** Resets it when its answer was handed over so long ago and the caller has not taken it. */
    void resetIfStalled(long limitNanos, long now) {
        if (isAnswered && now - answeredNanos > limitNanos) {
            reset(Http2Error.CANCEL);
        }
    }

    private void reset(Http2Error error) {
        connection.reset(stream, error);
    }

    private boolean isRemoteOpen() {
        return stream.state().remoteSideOpen();
    }
}

package ai.hokus.torii.exchange;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.WriteStream;
import io.vertx.ext.web.codec.BodyCodec;
import io.vertx.ext.web.codec.spi.BodyStream;

/**
 * Reads a small answer into memory and gives up on one that is not small; vertx-web-client's own codecs hold any size.
 *
 * <p>For calls that the gateway makes on its own behalf (auth service, registry, probes), never on a forwarded body.
 */
public final class BoundedBody implements BodyCodec<Buffer> {

    private final int maxBytes;

    /** Holds at most this many bytes. */
    public BoundedBody(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** The answer is larger than allowed. */
    public static final class TooLargeException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        TooLargeException(int maxBytes) {
            super("the answer is larger than " + maxBytes + " bytes", null, false, false);
        }
    }

    @Override
    public BodyStream<Buffer> stream() {
        return new Collector(maxBytes);
    }

    private static final class Collector implements BodyStream<Buffer> {

        private final int maxBytes;
        private final Buffer collected = Buffer.buffer();
        private final Promise<Buffer> result = Promise.promise();

        Collector(int maxBytes) {
            this.maxBytes = maxBytes;
        }

        @Override
        public Future<Buffer> result() {
            return result.future();
        }

        @Override
        public void handle(Throwable cause) {
            result.tryFail(cause);
        }

        @Override
        public WriteStream<Buffer> exceptionHandler(Handler<Throwable> handler) {
            return this;
        }

        @Override
        public Future<Void> write(Buffer data) {
            if (collected.length() + data.length() > maxBytes) {
                TooLargeException tooLarge = new TooLargeException(maxBytes);
                result.tryFail(tooLarge);
                return Future.failedFuture(tooLarge);
            }
            collected.appendBuffer(data);
            return Future.succeededFuture();
        }

        @Override
        public Future<Void> end() {
            result.tryComplete(collected);
            return Future.succeededFuture();
        }

        @Override
        public WriteStream<Buffer> setWriteQueueMaxSize(int maxSize) {
            return this;
        }

        @Override
        public boolean writeQueueFull() {
            return false;
        }

        @Override
        public WriteStream<Buffer> drainHandler(Handler<Void> handler) {
            return this;
        }
    }
}

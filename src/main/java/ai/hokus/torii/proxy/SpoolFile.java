package ai.hokus.torii.proxy;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.AsyncFile;

/** One body in a file: written once, then read once from its beginning. Closing it gives its room back. */
final class SpoolFile {

    /** Small pieces are gathered: a write costs the same for one byte, and as many may wait as the queue has bytes. */
    private static final int PIECE_BYTES = 64 * 1024;

    private final Spool spool;
    private final AsyncFile file;
    private long length;
    private Buffer gathered = Buffer.buffer();
    private boolean closed;
    private Future<Void> written = Future.succeededFuture();

    SpoolFile(Spool spool, AsyncFile file) {
        this.spool = spool;
        this.file = file;
    }

    /** Appends; throws a {@code body_too_large} failure when a limit is reached. */
    Future<Void> write(Buffer bytes) {
        spool.reserve(bytes.length(), length + bytes.length());
        length += bytes.length();
        gathered.appendBuffer(bytes);
        return gathered.length() < PIECE_BYTES ? Future.succeededFuture() : writeGathered();
    }

    private Future<Void> writeGathered() {
        Future<Void> one = file.write(gathered);
        gathered = Buffer.buffer();
        written = written.compose(v -> one);
        return one;
    }

    /** Completes when all that was appended is in the file; the writes run at once and end in any order. */
    Future<Void> written() {
        if (gathered.length() > 0) {
            writeGathered();
        }
        return written;
    }

    boolean isFull() {
        return file.writeQueueFull();
    }

    void onDrain(Runnable action) {
        file.drainHandler(v -> action.run());
    }

    long length() {
        return length;
    }

    /** The file, to be read from its first byte. */
    AsyncFile rewound() {
        return file.setReadPos(0).setReadLength(length).setReadBufferSize(PIECE_BYTES);
    }

    void close() {
        if (!closed) {
            closed = true;
            spool.release(length);
            file.close();
        }
    }
}

package ai.hokus.torii.proxy;

import ai.hokus.torii.config.ForwardConfig;
import ai.hokus.torii.exchange.GatewayFailure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.file.FileSystem;
import io.vertx.core.file.OpenOptions;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Keeps bodies without a length in private files until their length is known. One for all event loops: it holds the sum
 * of all bodies under its limit. Safe for concurrent use.
 */
public final class Spool {

    private static final String OWNER_ONLY = "rw-------";

    private final FileSystem files;
    private final ForwardConfig.Spool config;
    private final String directory;
    private final AtomicLong held = new AtomicLong();

    /** Makes no file yet. */
    public Spool(Vertx vertx, ForwardConfig.Spool config) {
        this.files = vertx.fileSystem();
        this.config = config;
        this.directory = config.directory().map(Object::toString).orElse(System.getProperty("java.io.tmpdir"));
    }

    /** Bytes held in files now. */
    public long heldBytes() {
        return held.get();
    }

    /**
     * A new empty file, readable by its owner alone. Its name is gone as soon as it is open, so that neither a crash nor
     * a forgotten path leaves a body behind.
     */
    Future<SpoolFile> open() {
        return files.createTempFile(directory, "torii-", ".body", OWNER_ONLY)
                .compose(path -> files.open(
                                path, new OpenOptions().setRead(true).setWrite(true))
                        .onFailure(cause -> files.delete(path))
                        .compose(file -> files.delete(path)
                                .onFailure(cause -> file.close())
                                .map(new SpoolFile(this, file))))
                .recover(cause ->
                        Future.failedFuture(GatewayFailure.internal("spool.directory: " + cause.getMessage())));
    }

    /** Takes room for so many more bytes of a body that is now this long, or refuses. */
    void reserve(long bytes, long length) {
        if (length > config.maxBodyBytes()) {
            throw GatewayFailure.bodyTooLarge("spool.max-body", config.maxBodyBytes() + " bytes");
        }
        if (held.addAndGet(bytes) > config.maxTotalBytes()) {
            held.addAndGet(-bytes);
            throw GatewayFailure.bodyTooLarge("spool.max-total", config.maxTotalBytes() + " bytes in all");
        }
    }

    void release(long bytes) {
        held.addAndGet(-bytes);
    }
}

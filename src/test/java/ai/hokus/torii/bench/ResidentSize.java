package ai.hokus.torii.bench;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The resident memory of a process, and its peak while it is watched. */
final class ResidentSize implements AutoCloseable {

    private static final int SAMPLE_MILLIS = 100;

    private final Vertx vertx;
    private final long pid;
    private final long timer;
    private volatile double peak;

    /** Looks at it until it is closed. */
    ResidentSize(Vertx vertx, long pid) {
        this.vertx = vertx;
        this.pid = pid;
        this.peak = mebibytes(pid);
        this.timer = vertx.setPeriodic(SAMPLE_MILLIS, id -> peak = Math.max(peak, mebibytes(pid)));
    }

    /** The most that was seen, MiB. */
    double peak() {
        return Math.max(peak, mebibytes(pid));
    }

    /** VmRSS now, MiB. */
    static double mebibytes(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
                            .filter(line -> line.startsWith("VmRSS:"))
                            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                            .findFirst()
                            .orElse(0)
                    / 1024.0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        vertx.cancelTimer(timer);
    }
}

package ai.hokus.torii.support;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;

/** The resident memory of a process, looked at while bytes pass through it. */
public final class ResidentMemory implements AutoCloseable {

    private static final long FLAT_BYTES = 16L * 1024 * 1024;
    private static final int SAMPLE_MILLIS = 20;

    private final long pid;
    private final ScheduledExecutorService sampler = Executors.newSingleThreadScheduledExecutor();

    /** Looks at this process until it is closed. */
    public ResidentMemory(long pid) {
        this.pid = pid;
    }

    /** The memory when a quarter and when all of a transfer was through, and its peak between; bytes. */
    public record Course(long atQuarter, long atEnd, long peak) {

        /** Holds the three against what a flat memory may differ by. */
        public void assertFlat() {
            assertThat(atEnd - atQuarter).as("%s", this).isBetween(-FLAT_BYTES, FLAT_BYTES);
            assertThat(peak - atQuarter).as("%s", this).isLessThanOrEqualTo(FLAT_BYTES);
        }

        @Override
        public String toString() {
            return "resident memory: %d KiB at 25 %%, %d KiB at 100 %%, at most %d KiB between"
                    .formatted(atQuarter / 1024, atEnd / 1024, peak / 1024);
        }
    }

    /** Starts to sample for a transfer of this many bytes. */
    public Watch watch(long totalBytes) {
        return new Watch(totalBytes);
    }

    @Override
    public void close() {
        sampler.shutdownNow();
    }

    /** Samples while a transfer runs; any thread tells it how far that is. */
    public final class Watch implements AutoCloseable {

        private final long totalBytes;
        private final ScheduledFuture<?> sampling;
        private long atQuarter;
        private long atEnd;
        private long peak;

        private Watch(long totalBytes) {
            this.totalBytes = totalBytes;
            this.sampling = sampler.scheduleAtFixedRate(this::sample, 0, SAMPLE_MILLIS, MILLISECONDS);
        }

        private synchronized void sample() {
            peak = Math.max(peak, residentBytes());
        }

        /** So many bytes of the whole transfer are through. */
        public synchronized void passed(long bytes) {
            if (atQuarter == 0 && bytes >= totalBytes / 4) {
                atQuarter = residentBytes();
                peak = atQuarter;
            }
            if (atEnd == 0 && bytes >= totalBytes) {
                atEnd = residentBytes();
                peak = Math.max(peak, atEnd);
            }
        }

        /** What was seen, after the whole transfer has passed. */
        public synchronized Course end() {
            sampling.cancel(false);
            assertThat(atEnd).as("all bytes have passed").isPositive();
            return new Course(atQuarter, atEnd, peak);
        }

        @Override
        public void close() {
            sampling.cancel(false);
        }
    }

    private long residentBytes() {
        try {
            Path status = Path.of("/proc", Long.toString(pid), "status");
            String kibibytes = Files.exists(status)
                    ? Files.readAllLines(status).stream()
                            .filter(line -> line.startsWith("VmRSS:"))
                            .findFirst()
                            .orElseThrow()
                            .replaceAll("\\D", "")
                    : psRss();
            return Long.parseLong(kibibytes) * 1024;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where there is no /proc (macOS). */
    private String psRss() throws IOException {
        Process ps = new ProcessBuilder("ps", "-o", "rss=", "-p", Long.toString(pid)).start();
        try (InputStream out = ps.getInputStream()) {
            return new String(out.readAllBytes(), StandardCharsets.US_ASCII).strip();
        }
    }
}

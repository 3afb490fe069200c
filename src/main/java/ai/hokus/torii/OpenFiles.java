package ai.hokus.torii;

import ai.hokus.torii.config.GatewayConfig;
import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Optional;

/** Whether the system lets the process open as many files as its settings allow connections. */
final class OpenFiles {

    /** Jar, log, key file, selectors, listeners and spool, generously. */
    private static final long OTHERS = 256;

    private OpenFiles() {}

    /** How many files this process may have open; empty where the system does not say. */
    static Optional<Long> limit() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                ? Optional.of(unix.getMaxFileDescriptorCount())
                : Optional.empty();
    }

    /** What to tell the operator when so many are too few; empty when they are enough. */
    static Optional<String> shortage(long limit, GatewayConfig config) {
        long toMlflow = (long) config.forward().connections() * config.api().instances();
        long callers = config.api().caps().total();
        long needed = callers + toMlflow + OTHERS;
        return limit >= needed
                ? Optional.empty()
                : Optional.of("the process may open " + limit + " files (ulimit -n), but " + callers
                        + " connections of callers (listener.max-connections) and " + toMlflow
                        + " to MLflow need about " + needed + ": raise the one or lower the other");
    }
}

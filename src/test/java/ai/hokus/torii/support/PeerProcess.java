package ai.hokus.torii.support;

import java.util.concurrent.TimeUnit;

/** How the process of a real server ends that a test has started: asked first, and made to if it does not. */
final class PeerProcess {

    private static final long PATIENCE_SECONDS = 10;

    private PeerProcess() {}

    /** Ends it; returns when it is over, or has been told so for the last time. */
    static void end(Process process) {
        process.destroy();
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

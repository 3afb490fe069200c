package ai.hokus.torii.telemetry;

import ch.qos.logback.core.hook.ShutdownHookBase;

/**
 * Writes the lines that wait when the process begins to end, whichever way it does. Logging goes on: an orderly end has
 * more to say, and ends the log itself.
 */
public final class FlushOnExit extends ShutdownHookBase {

    @Override
    public void run() {
        LogOutput.flush();
    }
}

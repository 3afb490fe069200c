package ai.hokus.torii.telemetry;

import ai.hokus.torii.config.LogConfig.Format;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.spi.AppenderAttachable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.LoggerFactory;

/**
 * The log of the process, as far as it is written by our appenders; one that an operator configures with others is left
 * alone. Safe for all threads.
 */
final class LogOutput {

    private LogOutput() {}

    /** Writes so from now on. */
    static void use(Format format) {
        appenders().forEach(appender -> appender.follow(format));
    }

    /** How many lines were left out so far because they came faster than they could be written. */
    static long leftOut() {
        return appenders().stream().mapToLong(BatchingAppender::leftOutEver).sum();
    }

    /** Writes what waits, and returns when it is written or a slow terminal takes too long; logging goes on. */
    static void flush() {
        appenders().forEach(BatchingAppender::flush);
    }

    private static List<BatchingAppender> appenders() {
        List<BatchingAppender> found = new ArrayList<>();
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            context.getLoggerList()
                    .forEach(logger -> each(logger, appender -> {
                        if (appender instanceof BatchingAppender batching && !found.contains(batching)) {
                            found.add(batching);
                        }
                    }));
        }
        return found;
    }

    private static void each(AppenderAttachable<ILoggingEvent> logger, Consumer<Appender<ILoggingEvent>> action) {
        for (Iterator<Appender<ILoggingEvent>> all = logger.iteratorForAppenders(); all.hasNext(); ) {
            action.accept(all.next());
        }
    }
}

package ai.hokus.torii.support;

import static java.util.concurrent.TimeUnit.SECONDS;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.LoggerFactory;

/** What a class, or all below a name, logs as an error from now on, until it is closed. */
public final class LoggedErrors extends AppenderBase<ILoggingEvent> implements AutoCloseable {

    private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
    private final Logger logger;

    private LoggedErrors(Logger logger) {
        this.logger = logger;
    }

    public static LoggedErrors of(Class<?> type) {
        return of(type.getName());
    }

    public static LoggedErrors of(String logger) {
        LoggedErrors errors = new LoggedErrors((Logger) LoggerFactory.getLogger(logger));
        errors.start();
        errors.logger.addAppender(errors);
        return errors;
    }

    @Override
    protected void append(ILoggingEvent event) {
        if (event.getLevel() == Level.ERROR) {
            messages.add(event.getFormattedMessage());
        }
    }

    /** Waits for the next one; null when none comes within five seconds. */
    public String next() throws InterruptedException {
        return messages.poll(5, SECONDS);
    }

    public boolean isEmpty() {
        return messages.isEmpty();
    }

    /** All of them so far. */
    public List<String> all() {
        return List.copyOf(messages);
    }

    @Override
    public void close() {
        logger.detachAppender(this);
    }
}

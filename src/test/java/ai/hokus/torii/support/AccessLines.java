package ai.hokus.torii.support;

import static java.util.concurrent.TimeUnit.SECONDS;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.LoggerFactory;

/** The access lines, or those of another log, that gateways of this JVM write from now on, until it is closed. */
public final class AccessLines extends AppenderBase<ILoggingEvent> implements AutoCloseable {

    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final Logger logger;
    private final Level before;

    private AccessLines(String name) {
        logger = (Logger) LoggerFactory.getLogger(name);
        before = logger.getLevel();
    }

    public static AccessLines open() {
        return open("torii.access");
    }

    /** Of the log of this name. */
    public static AccessLines open(String name) {
        AccessLines lines = new AccessLines(name);
        lines.start();
        lines.logger.setLevel(Level.INFO);
        lines.logger.setAdditive(false);
        lines.logger.addAppender(lines);
        return lines;
    }

    @Override
    protected void append(ILoggingEvent event) {
        lines.add(event.getFormattedMessage());
    }

    /** Waits for the next one that holds this text; null when none comes within five seconds. */
    public String next(String text) throws InterruptedException {
        String line = lines.poll(5, SECONDS);
        while (line != null && !line.contains(text)) {
            line = lines.poll(5, SECONDS);
        }
        return line;
    }

    @Override
    public void close() {
        logger.detachAppender(this);
        logger.setAdditive(true);
        logger.setLevel(before);
    }
}

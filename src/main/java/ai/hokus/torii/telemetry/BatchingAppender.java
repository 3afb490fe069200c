package ai.hokus.torii.telemetry;

import ai.hokus.torii.config.LogConfig.Format;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.joran.spi.ConsoleTarget;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Writes log lines to standard output on a thread of its own, every 20 ms what has come. Logback's
 * {@code AsyncAppender} wakes its thread for every line; what that cost is in src/docs/benchmark.md.
 *
 * <p>Nobody who logs ever waits: when a slow terminal lets the queue fill up, lines are left out, those below WARN
 * first and audit lines last, and a line says how many. Safe for all threads; stopping it writes what is in the queue.
 */
public final class BatchingAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {

    private static final int CAPACITY = 8192;
    private static final int CAPACITY_FOR_PRECIOUS = CAPACITY * 4;
    private static final int CAPACITY_BELOW_WARN = CAPACITY / 5 * 4;
    private static final int BATCH_BYTES = 64 * 1024;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final int ROUNDS_BEFORE_SLEEP = 50;
    private static final long END_MILLIS = 2000;

    private final Queue<ILoggingEvent> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger size = new AtomicInteger();
    private final AtomicInteger leftOut = new AtomicInteger();
    private final LongAdder leftOutEver = new LongAdder();
    private final ByteArrayOutputStream batch = new ByteArrayOutputStream();
    private final OutputStream out;
    private final long pauseNanos;
    private final int roundsBeforeSleep;
    private Encoder<ILoggingEvent> encoder;
    private Thread writer;
    private volatile boolean asleep;

    /** Writes to standard output. */
    public BatchingAppender() {
        this(ConsoleTarget.SystemOut.getStream(), PAUSE_NANOS, ROUNDS_BEFORE_SLEEP);
    }

    /**
     * Writes to this stream, which it flushes and never closes; looks for lines after each pause, and sleeps when it has
     * found none so often.
     */
    BatchingAppender(OutputStream out, long pauseNanos, int roundsBeforeSleep) {
        this.out = out;
        this.pauseNanos = pauseNanos;
        this.roundsBeforeSleep = roundsBeforeSleep;
    }

    /** What a line looks like; needed before it starts. */
    public void setEncoder(Encoder<ILoggingEvent> encoder) {
        this.encoder = encoder;
    }

    @Override
    public void start() {
        if (encoder == null) {
            addError("no encoder: nothing will be logged");
            return;
        }
        writer = new Thread(this::run, "log");
        writer.setDaemon(true);
        super.start();
        writer.start();
    }

    @Override
    public void stop() {
        if (!isStarted()) {
            return;
        }
        super.stop();
        LockSupport.unpark(writer);
        join(writer);
    }

    @Override
    protected void append(ILoggingEvent event) {
        LogLine line = LineEncoder.line(event);
        if (size.incrementAndGet() > limit(event, line)) {
            size.decrementAndGet();
            leftOut.incrementAndGet();
            leftOutEver.increment();
            return;
        }
        if (line == null) {
            event.prepareForDeferredProcessing();
        }
        queue.add(event);
        if (asleep) {
            asleep = false;
            LockSupport.unpark(writer);
        }
    }

    private static int limit(ILoggingEvent event, LogLine line) {
        if (line != null && line.isPrecious()) {
            return CAPACITY_FOR_PRECIOUS;
        }
        return event.getLevel().isGreaterOrEqual(Level.WARN) ? CAPACITY : CAPACITY_BELOW_WARN;
    }

    /** Lets its encoder follow the settings. */
    void follow(Format format) {
        if (encoder instanceof LineEncoder lines) {
            lines.follow(format);
        }
    }

    /** How many lines were left out since it was made. */
    long leftOutEver() {
        return leftOutEver.sum();
    }

    /** Writes what waits; returns when that is done, or after two seconds. */
    void flush() {
        if (isStarted()) {
            // On a thread of its own, because a terminal that takes nothing holds up whoever writes to it.
            Thread flusher = new Thread(this::write, "log-flush");
            flusher.setDaemon(true);
            flusher.start();
            join(flusher);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join(END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        int nothing = 0;
        while (isStarted()) {
            nothing = write() ? 0 : nothing + 1;
            if (nothing < roundsBeforeSleep) {
                LockSupport.parkNanos(this, pauseNanos);
            } else {
                sleep();
            }
        }
        write();
    }

    private void sleep() {
        asleep = true;
        // What came before it was seen asleep wakes nobody.
        if (queue.isEmpty() && isStarted()) {
            LockSupport.park(this);
        }
        asleep = false;
    }

    /** Writes what is there; tells whether there was anything. */
    private synchronized boolean write() {
        if (queue.isEmpty() && leftOut.get() == 0) {
            return false;
        }
        for (ILoggingEvent event = queue.poll(); event != null; event = queue.poll()) {
            size.decrementAndGet();
            collect(event);
        }
        int missing = leftOut.getAndSet(0);
        if (missing > 0) {
            collect(leftOut(missing));
        }
        writeBatch();
        return true;
    }

    private void collect(ILoggingEvent event) {
        try {
            batch.writeBytes(encoder.encode(event));
        } catch (RuntimeException e) {
            // A line that cannot be encoded must not end the log.
            addError("cannot encode a line of the log", e);
        }
        if (batch.size() >= BATCH_BYTES) {
            writeBatch();
        }
    }

    private void writeBatch() {
        try {
            // In one piece: standard output flushes behind every write.
            batch.writeTo(out);
            out.flush();
        } catch (IOException e) {
            addError("cannot write the log", e);
        }
        batch.reset();
    }

    private ILoggingEvent leftOut(int missing) {
        Logger logger = ((LoggerContext) getContext()).getLogger("torii.log");
        return new LoggingEvent(
                BatchingAppender.class.getName(),
                logger,
                Level.WARN,
                "{} lines left out: they came faster than they could be written",
                null,
                new Object[] {missing});
    }
}

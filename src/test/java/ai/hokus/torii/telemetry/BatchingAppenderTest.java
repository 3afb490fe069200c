package ai.hokus.torii.telemetry;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import ai.hokus.torii.support.Await;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.encoder.EchoEncoder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The writer's thread between callers and a terminal that can be held up. */
class BatchingAppenderTest {

    private final LoggerContext context = new LoggerContext();
    private final Terminal terminal = new Terminal();
    private final BatchingAppender appender = appender(terminal);

    /** What is written to, and can be held up. */
    private static final class Terminal extends OutputStream {

        private final ByteArrayOutputStream written = new ByteArrayOutputStream();
        private final Semaphore flushes = new Semaphore(0);
        private final CountDownLatch reached = new CountDownLatch(1);
        private volatile CountDownLatch open = new CountDownLatch(0);

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            reached.countDown();
            try {
                open.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            synchronized (written) {
                written.write(bytes, from, length);
            }
        }

        @Override
        public void flush() {
            flushes.release();
        }

        List<String> lines() {
            synchronized (written) {
                return written.toString(StandardCharsets.UTF_8).lines().toList();
            }
        }
    }

    /** The message and the end of the line; an empty message breaks it. */
    private static final class Plain extends EchoEncoder<ILoggingEvent> {

        @Override
        public byte[] encode(ILoggingEvent event) {
            if (event.getMessage().isEmpty()) {
                throw new IllegalStateException("cannot be encoded");
            }
            return (event.getFormattedMessage() + "\n").getBytes(StandardCharsets.UTF_8);
        }
    }

    private BatchingAppender appender(OutputStream out) {
        return started(new BatchingAppender(out, 20_000_000, 50));
    }

    private BatchingAppender started(BatchingAppender made) {
        context.setMDCAdapter(new LogbackMDCAdapter());
        made.setContext(context);
        made.setEncoder(new Plain());
        made.start();
        return made;
    }

    private void log(BatchingAppender to, Level level, String message) {
        to.doAppend(new LoggingEvent("fqcn", context.getLogger("test"), level, message, null, null));
    }

    private void log(Level level, String prefix, int count) {
        IntStream.range(0, count).forEach(i -> log(appender, level, prefix + i));
    }

    private static List<String> numbered(String prefix, int count) {
        return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
    }

    /** The writer is in the middle of a line from here on, until the latch is opened. */
    private void holdUp() throws Exception {
        terminal.open = new CountDownLatch(1);
        log(appender, Level.INFO, "first");
        assertThat(terminal.reached.await(5, SECONDS)).isTrue();
    }

    @AfterEach
    void ends() {
        terminal.open.countDown();
        appender.stop();
    }

    @Test
    void writesALineThatNoOtherFollows() throws Exception {
        // When
        log(appender, Level.INFO, "line");

        // Then
        assertThat(terminal.flushes.tryAcquire(5, SECONDS)).isTrue();
        assertThat(terminal.lines()).containsExactly("line");
    }

    @Test
    void writesLinesInTheirOrderAndManyAtATime() {
        // When
        log(Level.INFO, "line ", 5000);
        appender.stop();

        // Then
        assertThat(terminal.lines()).isEqualTo(numbered("line ", 5000));
        assertThat(terminal.flushes.availablePermits()).isBetween(1, 500);
    }

    @Test
    void writesWhatIsInTheQueueBeforeItStops() throws Exception {
        // Given
        log(appender, Level.INFO, "first");
        assertThat(terminal.flushes.tryAcquire(5, SECONDS)).isTrue();

        // When it pauses
        log(Level.DEBUG, "line ", 100);
        appender.stop();

        // Then
        assertThat(terminal.lines()).hasSize(101).last().isEqualTo("line 99");
    }

    @Test
    void leavesOutLinesBelowWarnFirstAndSaysHowMany() throws Exception {
        // Given
        holdUp();

        // When
        log(Level.INFO, "info ", 10_000);
        log(Level.WARN, "warn ", 1000);
        log(Level.INFO, "late ", 1000);
        log(Level.ERROR, "error ", 500);
        terminal.open.countDown();
        appender.stop();

        // Then
        List<String> lines = terminal.lines();
        long infos = lines.stream().filter(line -> line.startsWith("info")).count();
        List<String> expected = new ArrayList<>();
        expected.add("first");
        Stream.of(numbered("info ", (int) infos), numbered("warn ", 1000), numbered("error ", 500))
                .forEach(expected::addAll);
        expected.add(11_000 - infos + " lines left out: they came faster than they could be written");
        assertThat(infos).isBetween(5000L, 9999L);
        assertThat(lines).isEqualTo(expected);
    }

    @Test
    void keepsAuditLinesBeyondAllOthers() throws Exception {
        // Given
        holdUp();
        log(Level.WARN, "warn ", 10_000);
        Sampling.LeftOut line = new Sampling.LeftOut(1, "key_refused:1");

        // When
        for (int i = 0; i < 10_000; i++) {
            appender.doAppend(new LoggingEvent(
                    "fqcn", context.getLogger("torii.audit"), Level.INFO, "{}", null, new Object[] {line}));
        }
        terminal.open.countDown();
        appender.stop();

        // Then
        assertThat(terminal.lines().stream().filter(written -> written.startsWith("left_out=1 ")))
                .hasSize(10_000);
        assertThat(appender.leftOutEver()).isBetween(1L, 10_000L);
    }

    @Test
    void writesWhatWaitsWhenItIsAskedTo() throws Exception {
        // Given a writer that does not look again before the test's end
        Terminal own = new Terminal();
        BatchingAppender slow = started(new BatchingAppender(own, SECONDS.toNanos(600), 50));
        log(slow, Level.INFO, "first");

        // When
        slow.flush();
        log(slow, Level.INFO, "second");
        slow.flush();

        // Then
        assertThat(own.lines()).containsExactly("first", "second");
        slow.stop();
    }

    @Test
    void holdsNobodyUpWhileTheStreamIsHeldUp() throws Exception {
        // Given
        holdUp();

        // When
        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
            log(Level.INFO, "info ", 100_000);
            log(Level.ERROR, "error ", 100_000);
            appender.stop();
        });

        // Then
        assertThat(terminal.lines()).isEmpty();

        // When
        terminal.open.countDown();

        // Then
        Await.until("the last line", () -> terminal.lines().stream().anyMatch(line -> line.contains("left out")));
        List<String> lines = terminal.lines();
        assertThat(lines).hasSizeBetween(8000, 10_000);
        assertThat(lines.get(lines.size() - 1))
                .isEqualTo((200_002 - lines.size()) + " lines left out: they came faster than they could be written");
    }

    @Test
    void writesOnBehindALineThatCannotBeEncoded() throws Exception {
        // When
        log(appender, Level.INFO, "");
        log(appender, Level.INFO, "line");

        // Then
        assertThat(terminal.flushes.tryAcquire(5, SECONDS)).isTrue();
        assertThat(terminal.lines()).containsExactly("line");
    }

    /** A new writer finds nothing and falls asleep, at about the time when the line comes. */
    @Test
    void losesNoLineThatComesWhileItFallsAsleep() throws Exception {
        // Given
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 5000; i++) {
            Terminal own = new Terminal();
            BatchingAppender falling = started(new BatchingAppender(own, 0, 1));
            for (long end = System.nanoTime() + random.nextInt(150_000); System.nanoTime() < end; ) {
                Thread.onSpinWait();
            }

            // When
            log(falling, Level.INFO, "line");

            // Then
            assertThat(own.flushes.tryAcquire(5, SECONDS)).as("attempt %d", i).isTrue();
            falling.stop();
        }
    }
}

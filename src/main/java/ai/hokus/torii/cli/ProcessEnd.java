package ai.hokus.torii.cli;

import ch.qos.logback.classic.LoggerContext;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a command that keeps running ends: once and in order, by a signal or by an exit of the JVM; a further signal cuts
 * it short. The order is the command's, and so is the time it may take.
 *
 * <p>By a signal the work is done before the JVM begins to shut down, which would end other things at the same time; and
 * the exit code is 0, also when something was cut: whoever asked for the end has it, and the log says what it cost.
 */
final class ProcessEnd {

    private static final Logger LOG = LoggerFactory.getLogger(ProcessEnd.class);

    /** What there is to end. */
    interface Work {

        /** Ends all of it; blocks, for a bounded time. Called once. */
        void end() throws Exception;

        /** Called while it ends, by another thread: what is waited for is waited for no longer. */
        void cut();
    }

    private final CompletableFuture<Work> work = new CompletableFuture<>();
    private final AtomicBoolean begun = new AtomicBoolean();
    private final CountDownLatch over = new CountDownLatch(1);
    private volatile int code = ToriiCommand.OK;
    private boolean hearsSignals;

    private ProcessEnd() {}

    /** From now on signals are heard. One that comes before there is work waits for it, a second one does not. */
    static ProcessEnd begin() {
        ProcessEnd end = new ProcessEnd();
        end.hearsSignals = Signals.hear(end::signalled);
        Runtime.getRuntime().addShutdownHook(new Thread(end::exiting, "end"));
        return end;
    }

    /** From now on the end of the process is the end of this work. */
    void isEndOf(Work started) {
        work.complete(started);
    }

    private void signalled(String signal) {
        if (begun.compareAndSet(false, true)) {
            LOG.info("draining, because of {}; once more to cut what is in flight", signal);
            work.join();
            finish();
            System.exit(code);
        }
        LOG.warn("{} again: nothing is waited for any more", signal);
        if (work.isDone()) {
            work.join().cut();
        } else {
            System.exit(ToriiCommand.OK);
        }
    }

    /** The shutdown hook: somebody has called for an exit, perhaps ourselves, and its code stands. */
    private void exiting() {
        boolean isStarted = work.isDone();
        if (isStarted && begun.compareAndSet(false, true)) {
            LOG.info("draining");
            finish();
        } else if (isStarted) {
            awaitFinish();
        }
        flushLog();
        if (isStarted && !hearsSignals) {
            // Then it may have been a signal, for which the JVM would exit with 128 and its number.
            Runtime.getRuntime().halt(code);
        }
    }

    private void finish() {
        try {
            work.join().end();
            LOG.info("drained");
        } catch (Exception e) {
            LOG.error("the end was not orderly", e);
            code = ToriiCommand.FAILED;
        } finally {
            over.countDown();
        }
    }

    private void awaitFinish() {
        try {
            over.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a shutdown hook", e);
        }
    }

    /** Log lines wait in a queue, so that no event loop waits for a terminal. */
    static void flushLog() {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            context.stop();
        }
    }
}

package ai.hokus.torii.cli;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;

/**
 * What a quickstart has started so far, and the one end of it all: by a signal, by MLflow's own end or because the start
 * failed. What was started last ends first. Made by the thread that starts things; the rest is safe from any thread.
 */
final class QuickstartLife {
    /** Longer than MLflow takes to be killed, which is what a start that is broken off waits for. */
    private static final int LONGEST_BREAKING_OFF_SECONDS = 15;

    private final Thread starter = Thread.currentThread();
    private final CountDownLatch startIsOver = new CountDownLatch(1);
    private final CountDownLatch ending = new CountDownLatch(1);
    private final Deque<ProcessEnd.Work> running = new ConcurrentLinkedDeque<>();
    private volatile ProcessEnd.Work endingNow = (Running) () -> {};
    private volatile int exitCode = ToriiCommand.OK;
    private volatile boolean hasFailed;

    /** Something that runs until it is ended. */
    interface Running extends ProcessEnd.Work {
        @Override
        default void cut() {
            // Few things take long enough.
        }
    }

    private QuickstartLife() {}

    /** From now on a signal ends what was started, and breaks a start off that is under way. */
    static QuickstartLife begin() {
        var life = new QuickstartLife();
        Signals.hear(signal -> life.signalled());
        Runtime.getRuntime().addShutdownHook(new Thread(life::end, "end"));
        return life;
    }

    /** A signal while all of it ends has what is in flight cut. */
    private void signalled() {
        if (ending.getCount() > 0) {
            System.exit(ToriiCommand.OK);
        } else {
            endingNow.cut();
        }
    }

    /** Notes something that was started. */
    void add(Running started) {
        running.push(started);
    }

    /** Notes something that was started and whose end may take long. */
    void add(RunningGateway started) {
        running.push(started);
    }

    /** Notes the server; when it ends by itself, so do we, with this message and exit code 1. */
    void add(MlflowProcess mlflow, String messageWhenItEnds) {
        add(mlflow::stop);
        // Ctrl-C in a terminal reaches MLflow as well, which may be gone before the signal has come through to us.
        var aMomentLater = CompletableFuture.delayedExecutor(1, SECONDS);
        mlflow.onExit().thenRunAsync(() -> fail(messageWhenItEnds), aMomentLater);
    }

    /** Waits, as between two attempts. */
    void pause(long millis) throws InterruptedException {
        if (ending.await(millis, MILLISECONDS)) {
            throw new InterruptedException("ending");
        }
    }

    /** The start has come to its end: everything runs, or, with any other code, all that was started is ended again. */
    void startIsOver(int code) {
        if (code != ToriiCommand.KEEPS_RUNNING) {
            var isBrokenOff = ending.getCount() == 0;
            ending.countDown();
            endAll();
            hasFailed = !isBrokenOff;
        }
        startIsOver.countDown();
    }

    private void fail(String message) {
        if (ending.getCount() > 0) {
            System.err.println(message);
            exitCode = ToriiCommand.FAILED;
            System.exit(ToriiCommand.FAILED);
        }
    }

    /** The shutdown hook. A JVM that a signal ends would exit with 128 + the signal's number; an orderly end is a 0. */
    private void end() {
        ending.countDown();
        if (startIsOver.getCount() > 0) {
            starter.interrupt();
        }
        try {
            if (!startIsOver.await(LONGEST_BREAKING_OFF_SECONDS, SECONDS)) {
                System.err.println("the start cannot be broken off");
                exitCode = ToriiCommand.FAILED;
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a shutdown hook", e);
        }
        if (hasFailed) {
            // The command has ended by itself and with an exit code of its own.
            return;
        }
        System.err.println("ending");
        endAll();
        ServeCommand.halt(exitCode);
    }

    private void endAll() {
        for (var next = running.poll(); next != null; next = running.poll()) {
            try {
                endingNow = next;
                next.end();
            } catch (Exception e) {
                System.err.println("the end was not orderly: " + e);
                exitCode = ToriiCommand.FAILED;
            }
        }
    }
}

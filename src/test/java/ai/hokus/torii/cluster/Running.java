package ai.hokus.torii.cluster;

import ai.hokus.torii.support.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A container that runs, as a process of this machine.
 *
 * @param name the container's
 * @param process its first process
 * @param file its log, both outputs in one
 */
record Running(String name, Process process, Path file) implements AutoCloseable {

    static Running start(String name, Images.Started started, Path folder) throws IOException {
        Path file = Files.createTempFile(folder, name + "-", ".log");
        ProcessBuilder builder = new ProcessBuilder(started.command())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(file.toFile());
        builder.environment().clear();
        builder.environment().putAll(started.environment());
        return new Running(name, builder.start(), file);
    }

    String log() throws IOException {
        return Files.readString(file);
    }

    /** Waits for its end and returns its exit code. */
    int awaitExit(Duration limit) throws Exception {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError(name + " did not end within " + limit.toSeconds() + " s:\n" + log());
        }
        return process.exitValue();
    }

    /** Waits until this is so while it runs. */
    void await(String what, Duration limit, Await.Condition condition) {
        Await.until(name + ": " + what, limit, () -> {
            if (!process.isAlive()) {
                throw new AssertionError(name + " has ended:\n" + log());
            }
            return condition.isMet();
        });
    }

    /** SIGTERM to the first process; when that has ended the kernel ends whatever it had started. */
    int terminate(Duration grace) throws Exception {
        List<ProcessHandle> children = process.descendants().toList();
        try {
            process.toHandle().destroy();
            return awaitExit(grace);
        } finally {
            children.forEach(ProcessHandle::destroyForcibly);
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}

package ai.hokus.torii.support;

import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A running Python script that is told what to do line by line and answers with lines of JSON. Ends when closed. */
public final class PythonDialogue implements AutoCloseable {

    private static final int PATIENCE_SECONDS = 60;

    private final Process process;
    private final Path home;
    private final Path errors;
    private final LinkedBlockingQueue<Optional<String>> heard = new LinkedBlockingQueue<>();

    /** Takes over the process and its home folder, which is deleted at the end. */
    PythonDialogue(Process process, Path home, Path errors) {
        this.process = process;
        this.home = home;
        this.errors = errors;
        Thread reader = new Thread(this::read, "python-output");
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            reader.lines().forEach(line -> heard.add(Optional.of(line)));
        } catch (IOException | UncheckedIOException e) {
            heard.add(Optional.of("output lost: " + e));
        }
        heard.add(Optional.empty());
    }

    /** Tells it one line. */
    public void tell(String line) throws IOException {
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    /** Tells it that nothing more comes. */
    public void end() throws IOException {
        process.getOutputStream().close();
    }

    /** Waits for what it says next. */
    public JsonObject hear() throws IOException, InterruptedException {
        Optional<String> line = heard.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (line == null || line.isEmpty()) {
            throw new AssertionError("the script %s; its errors:%n%s"
                    .formatted(line == null ? "says nothing" : "has ended", Files.readString(errors)));
        }
        return new JsonObject(line.get());
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().onExit().join();
        RealMlflow.delete(home);
    }
}

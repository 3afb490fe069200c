package ai.hokus.torii.support;

import ai.hokus.torii.support.RawServer.Connection;
import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An MLflow made of bytes that keeps its connections open, numbers them, and remembers every forwarded message that
 * came over each, whole or cut. It answers the gateway's own probes itself.
 */
public final class RecordingMlflow implements AutoCloseable {

    public static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

    /** A message, over which connection it came, and when its end was seen. */
    public record Seen(int connection, RawMessage request, long endNanos) {}

    /** What one whole request is answered with. */
    public interface Script {
        void answer(Connection connection, Seen seen) throws IOException;
    }

    private final Queue<Seen> seen = new ConcurrentLinkedQueue<>();
    private final Queue<String> heads = new ConcurrentLinkedQueue<>();
    private final Queue<CompletableFuture<Void>> connections = new ConcurrentLinkedQueue<>();
    private final AtomicInteger numbers = new AtomicInteger();
    private final RawServer server;

    private RecordingMlflow(Script script) throws IOException {
        server = new RawServer(connection -> {
            CompletableFuture<Void> ended = new CompletableFuture<>();
            connections.add(ended);
            try {
                serve(connection, script);
            } finally {
                ended.complete(null);
            }
        });
    }

    public static RecordingMlflow start(Script script) throws IOException {
        return new RecordingMlflow(script);
    }

    private void serve(Connection connection, Script script) throws IOException {
        int number = numbers.incrementAndGet();
        while (true) {
            RawMessage request = connection.readMessage(head -> {
                if (isForwarded(head)) {
                    heads.add(head);
                }
            });
            if (request.isEmpty()) {
                return;
            }
            if (request.isComplete() && !isForwarded(request.head())) {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
                return;
            }
            Seen one = new Seen(number, request, System.nanoTime());
            seen.add(one);
            if (!request.isComplete()) {
                return;
            }
            script.answer(connection, one);
        }
    }

    private static boolean isForwarded(String head) {
        return head.contains("X-Request-Id");
    }

    /** Forwarded messages that have ended, in that order. */
    public List<Seen> seen() {
        return List.copyOf(seen);
    }

    /** Heads of forwarded requests, those whose bodies have not ended among them. */
    public List<String> heads() {
        return List.copyOf(heads);
    }

    /** Whether all connections end within ten seconds. */
    public boolean isLeftSoon() throws InterruptedException {
        try {
            CompletableFuture.allOf(connections.toArray(CompletableFuture[]::new))
                    .get(10, TimeUnit.SECONDS);
            return true;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        }
    }

    public String url() {
        return server.url();
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}

package ai.hokus.torii.support;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * An upstream made of bytes: each connection runs the test's script, and everything read is handed over, so that a test
 * can see exactly what went over the wire and how it ended.
 */
public final class RawServer implements AutoCloseable {

    /** What one connection does. */
    public interface Script {
        void run(Connection connection) throws IOException;
    }

    private static final int BACKLOG = 100;

    private final ServerSocket listener;
    private final int bufferBytes;
    private final LinkedBlockingQueue<CompletableFuture<Void>> finished = new LinkedBlockingQueue<>();

    public RawServer(Script script) throws IOException {
        this(script, 0);
    }

    /** With socket buffers of this many bytes, so that they hide nothing of how fast the script reads; 0: the system's. */
    public RawServer(Script script, int bufferBytes) throws IOException {
        this.bufferBytes = bufferBytes;
        listener = new ServerSocket();
        if (bufferBytes > 0) {
            listener.setReceiveBufferSize(bufferBytes);
        }
        listener.bind(new InetSocketAddress("127.0.0.1", 0), BACKLOG);
        Thread acceptor = new Thread(() -> accept(script), "raw-server");
        acceptor.setDaemon(true);
        acceptor.start();
    }

    private void accept(Script script) {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                if (bufferBytes > 0) {
                    socket.setSendBufferSize(bufferBytes);
                }
                Thread worker = new Thread(() -> serve(socket, script), "raw-connection");
                worker.setDaemon(true);
                worker.start();
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    private void serve(Socket socket, Script script) {
        CompletableFuture<Void> end = new CompletableFuture<>();
        try (socket) {
            script.run(new Connection(socket));
            end.complete(null);
        } catch (IOException | RuntimeException | AssertionError e) {
            end.completeExceptionally(e);
        }
        finished.add(end);
    }

    public int port() {
        return listener.getLocalPort();
    }

    public String url() {
        return "http://127.0.0.1:" + port();
    }

    /** Waits until a script has run to its end and rethrows what it failed with. */
    public void awaitScript() throws Exception {
        CompletableFuture<Void> end = finished.poll(10, TimeUnit.SECONDS);
        if (end == null) {
            throw new AssertionError("no script ended within ten seconds");
        }
        end.get(1, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }

    /** One accepted connection. */
    public static final class Connection {

        private final Socket socket;
        private final PushbackInputStream input;

        Connection(Socket socket) throws IOException {
            this.socket = socket;
            this.input = new PushbackInputStream(new BufferedInputStream(socket.getInputStream()));
        }

        /** Reads a request head, blank line included. */
        public String readHead() throws IOException {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int next = input.read();
                if (next < 0) {
                    throw new IOException("ended inside a head: " + head);
                }
                head.append((char) next);
            }
            return head.toString();
        }

        /** Reads the next request head; empty when the connection ends instead. */
        public String nextHead() throws IOException {
            try {
                int next = input.read();
                if (next < 0) {
                    return "";
                }
                input.unread(next);
            } catch (SocketException e) {
                return "";
            }
            return readHead();
        }

        /** Reads this many bytes, or fewer when the connection ends before. */
        public byte[] read(int count) throws IOException {
            return input.readNBytes(count);
        }

        /** Reads to the end of the connection, be it a FIN or a reset. */
        public String readToEnd() throws IOException {
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            try {
                input.transferTo(read);
            } catch (SocketException e) {
                // A gateway that gives a request up resets its connection.
                return read.toString(StandardCharsets.ISO_8859_1);
            }
            return read.toString(StandardCharsets.ISO_8859_1);
        }

        public void send(String text) throws IOException {
            OutputStream out = socket.getOutputStream();
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
        }

        /** What comes, for bodies that are too large for {@link #read}. */
        public InputStream in() {
            return input;
        }

        /** What goes, for bodies that are too large for {@link #send}. */
        public OutputStream out() throws IOException {
            return socket.getOutputStream();
        }

        /** Reads the next message as far as it comes, and tells its head as soon as that is whole. */
        public RawMessage readMessage(Consumer<String> onHead) {
            return RawMessage.read(input, onHead);
        }

        public boolean isClosed() {
            return socket.isClosed();
        }

        /** Ends with a FIN. */
        public void close() throws IOException {
            socket.close();
        }

        /** Says that nothing more will be sent, and goes on reading. */
        public void finish() throws IOException {
            socket.shutdownOutput();
        }

        /** Ends with a reset. */
        public void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }
    }
}

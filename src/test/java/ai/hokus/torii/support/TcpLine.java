package ai.hokus.torii.support;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;

/** A line to another server that can be dead: then connections are taken, and what comes is swallowed. */
public final class TcpLine implements AutoCloseable {

    private final ServerSocket listener = new ServerSocket(0, 100, InetAddress.getByName("127.0.0.1"));
    private final AtomicInteger taken = new AtomicInteger();
    private final int target;
    private volatile boolean dead;

    /** To this loopback port; it is alive. */
    public TcpLine(int target) throws IOException {
        this.target = target;
        start("line-acceptor", this::accept);
    }

    private static void start(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket caller = listener.accept();
                taken.incrementAndGet();
                Socket server = dead ? null : new Socket("127.0.0.1", target);
                start("line-there", () -> pump(caller, server));
                if (server != null) {
                    start("line-back", () -> pump(server, caller));
                }
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    private static void pump(Socket from, Socket to) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to == null ? OutputStream.nullOutputStream() : to.getOutputStream();
            in.transferTo(out);
        } catch (IOException e) {
            // Either end may leave as it likes; the other learns of it by the close.
            return;
        }
    }

    /** Connections made from now on reach nobody. */
    public void die() {
        dead = true;
    }

    /** Connections made from now on reach the server. */
    public void live() {
        dead = false;
    }

    /** How many connections were taken so far. */
    public int taken() {
        return taken.get();
    }

    public int port() {
        return listener.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}

package ai.hokus.torii.support;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;

/** A real redis-server of its own on a loopback port, with a password and without anything on disk. */
public final class RedisServer implements AutoCloseable {

    public static final String PASSWORD = "a-redis-password-of-the-tests";

    private final int port;
    private Process process;

    private RedisServer(int port) {
        this.port = port;
    }

    /** Starts and waits until it takes connections. */
    public static RedisServer start() throws IOException {
        RedisServer redis;
        try (ServerSocket free = new ServerSocket(0)) {
            redis = new RedisServer(free.getLocalPort());
        }
        redis.startAgain();
        return redis;
    }

    /** The same once more after {@link #kill}, on the same port. */
    public void startAgain() throws IOException {
        process = new ProcessBuilder(List.of(
                        PeerCondition.find("redis-server").orElseThrow().toString(),
                        "--port",
                        String.valueOf(port),
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--appendonly",
                        "no",
                        "--requirepass",
                        PASSWORD))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Await.until("redis-server takes connections", this::isListening);
    }

    private boolean isListening() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 100);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Ends it as a crash does. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Stops it in its tracks: connections stay, answers do not come. */
    public void freeze() throws IOException, InterruptedException {
        signal("STOP");
    }

    public void thaw() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                .start()
                .waitFor();
    }

    public String url() {
        return "redis://:" + PASSWORD + "@127.0.0.1:" + port;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}

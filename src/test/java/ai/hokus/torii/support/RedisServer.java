package ai.hokus.torii.support;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/** A real redis-server of its own on a loopback port, with a password and without anything on disk. */
public final class RedisServer implements AutoCloseable {

    public static final String PASSWORD = "a-redis-password-of-the-tests";

    private final int port;
    private final List<String> tls;
    private Process process;

    private RedisServer(int port, List<String> tls) {
        this.port = port;
        this.tls = tls.stream()
                .map(word -> word.equals("PORT") ? String.valueOf(port) : word)
                .toList();
    }

    /** Starts and waits until it takes connections. */
    public static RedisServer start() throws IOException {
        return start(List.of());
    }

    /** The same behind TLS, as "localhost". */
    public static RedisServer startTls(TlsServer.Identity identity) throws IOException {
        return start(List.of(
                "--port",
                "0",
                "--tls-port",
                "PORT",
                "--tls-cert-file",
                identity.certificate().toString(),
                "--tls-key-file",
                identity.key().toString(),
                "--tls-auth-clients",
                "no"));
    }

    private static RedisServer start(List<String> tls) throws IOException {
        RedisServer redis;
        try (ServerSocket free = new ServerSocket(0)) {
            redis = new RedisServer(free.getLocalPort(), tls);
        }
        redis.startAgain();
        return redis;
    }

    /** The same once more after {@link #kill}, on the same port. */
    public void startAgain() throws IOException {
        List<String> command = new ArrayList<>(List.of(
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
                PASSWORD));
        command.addAll(tls);
        process = new ProcessBuilder(command)
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

    public int port() {
        return port;
    }

    public String url() {
        return tls.isEmpty()
                ? "redis://:" + PASSWORD + "@127.0.0.1:" + port
                : "rediss://:" + PASSWORD + "@localhost:" + port;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}

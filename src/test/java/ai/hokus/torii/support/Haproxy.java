package ai.hokus.torii.support;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** A real HAProxy of its own between callers and two servers, "one" and "two", whose {@code /ready} it asks. */
public final class Haproxy implements AutoCloseable {

    /** In http mode, a request with this field goes to the server it names, while that is up. */
    public static final String TO = "X-Test-Server";

    private static final String CONFIGURATION = """
            global
                maxconn 500
            defaults
                mode %1$s
                timeout connect 2s
                timeout client 60s
                timeout server 60s
            frontend api
                bind 127.0.0.1:%2$d
                default_backend torii
            backend torii
                option httpchk GET /ready
                http-check expect status 200
                default-server inter 200ms fall 2 rise 2
                %6$s
                server one 127.0.0.1:%4$d check
                server two 127.0.0.1:%5$d check
            listen stats
                mode http
                bind 127.0.0.1:%3$d
                stats enable
                stats uri /
            """;
    private static final String DIRECTED =
            "use-server one if { req.hdr(" + TO + ") one }\n    use-server two if { req.hdr(" + TO + ") two }";

    private final HttpClient client = HttpClient.newHttpClient();
    private final Process process;
    private final Path file;
    private final int port;
    private final int statsPort;

    private Haproxy(Process process, Path file, int port, int statsPort) {
        this.process = process;
        this.file = file;
        this.port = port;
        this.statsPort = statsPort;
    }

    /** Starts in mode http or tcp before the servers on these ports, and waits until it has found both up. */
    public static Haproxy start(String mode, int one, int two) throws IOException {
        List<Integer> free = freePorts(2);
        Path file = Files.createTempFile("torii-haproxy-", ".cfg");
        Files.writeString(
                file,
                CONFIGURATION.formatted(mode, free.get(0), free.get(1), one, two, mode.equals("http") ? DIRECTED : ""));
        Process process = new ProcessBuilder(
                        PeerCondition.find("haproxy").orElseThrow().toString(), "-db", "-f", file.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Haproxy haproxy = new Haproxy(process, file, free.get(0), free.get(1));
        haproxy.awaitUp("one");
        haproxy.awaitUp("two");
        return haproxy;
    }

    /** Ports that nobody listens on. */
    public static List<Integer> freePorts(int count) throws IOException {
        ServerSocket[] held = new ServerSocket[count];
        for (int i = 0; i < count; i++) {
            held[i] = new ServerSocket(0);
        }
        List<Integer> ports =
                Arrays.stream(held).map(ServerSocket::getLocalPort).toList();
        for (ServerSocket socket : held) {
            socket.close();
        }
        return ports;
    }

    /** Waits until it sends requests to this server. */
    public void awaitUp(String server) {
        Await.until(
                "HAProxy finds " + server + " up", () -> stat(server, "status").equals("UP"));
    }

    /** A column of its statistics about a server, or about BACKEND. */
    public String stat(String server, String column) throws IOException, InterruptedException {
        String csv;
        try {
            csv = client.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + statsPort + "/;csv"))
                                    .build(),
                            BodyHandlers.ofString())
                    .body();
        } catch (java.net.ConnectException e) {
            // It is starting.
            return "";
        }
        List<String> names =
                List.of(csv.lines().findFirst().orElseThrow().replace("# ", "").split(","));
        return csv.lines()
                .filter(line -> line.startsWith("torii," + server + ","))
                .map(line -> line.split(",", -1)[names.indexOf(column)])
                .findFirst()
                .orElse("");
    }

    public int port() {
        return port;
    }

    public String url() {
        return "http://127.0.0.1:" + port;
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        Files.delete(file);
    }
}

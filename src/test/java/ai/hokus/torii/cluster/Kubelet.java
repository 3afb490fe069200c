package ai.hokus.torii.cluster;

import ai.hokus.torii.support.PeerCondition;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs pods as processes of this machine, in the order and by the probes of their manifests: a kubelet without containers.
 * It keeps no rights from a process, isolates nothing and restarts nothing.
 */
final class Kubelet implements AutoCloseable {

    private final Path root;
    private final Ports ports;
    private final Images images;
    private final HttpClient client = HttpClient.newHttpClient();
    private final Map<String, PodFolder> folders = new LinkedHashMap<>();
    private final List<Running> started = new ArrayList<>();

    Kubelet(Rendered all, Path root) throws IOException {
        this.root = root;
        this.ports = new Ports(all);
        this.images = new Images(ports, Files.createDirectory(root.resolve("image")));
    }

    Ports ports() {
        return ports;
    }

    PodFolder folder(Pod pod) throws IOException {
        PodFolder known = folders.get(pod.owner().name());
        if (known == null) {
            Path folder = Files.createDirectory(root.resolve(pod.owner().name()));
            known = new PodFolder(pod, folder, ports::here);
            folders.put(pod.owner().name(), known);
        }
        return known;
    }

    /** Starts a container, and waits for nothing. */
    Running start(Pod pod, Node container) throws Exception {
        Running running = Running.start(
                container.at("name").text(), images.started(pod, container, folder(pod)), root.resolve("image"));
        started.add(running);
        return running;
    }

    /** Runs an init container to its end, which must be a good one. */
    Running runToItsEnd(Pod pod, Node container) throws Exception {
        Running running = start(pod, container);
        if (running.awaitExit(Duration.ofSeconds(30)) != 0) {
            throw new AssertionError(running.name() + " failed:\n" + running.log());
        }
        return running;
    }

    /** Waits until a container has started and is ready, as long as its probes would let it. */
    void awaitReady(Pod pod, Node container, Running running) {
        for (String probe : List.of("startupProbe", "readinessProbe")) {
            Node asked = container.at(probe);
            if (asked.isThere()) {
                running.await(probe, patience(asked), () -> passes(pod, asked));
            }
        }
    }

    /** How long a probe may fail; this machine is shared, so never less than half a minute. */
    private static Duration patience(Node probe) {
        int seconds = Math.max(probe.at("periodSeconds").number(), 1)
                * Math.max(probe.at("failureThreshold").number(), 3);
        return Duration.ofSeconds(Math.max(seconds, 30));
    }

    /** Whether a probe passes now, asked once. */
    boolean passes(Pod pod, Node probe) throws Exception {
        if (probe.at("httpGet").isThere()) {
            int status = status(pod, probe.at("httpGet"));
            return status >= 200 && status < 400;
        }
        if (probe.at("tcpSocket").isThere()) {
            return takesConnections(ports.of(pod, probe.at("tcpSocket.port")));
        }
        List<String> command = new ArrayList<>(probe.at("exec.command").texts());
        command.set(0, PeerCondition.find(command.get(0)).orElseThrow().toString());
        command.addAll(1, List.of("-p", String.valueOf(ports.of(pod, new Node("redis")))));
        Process asked = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return asked.waitFor(10, TimeUnit.SECONDS) && asked.exitValue() == 0;
    }

    /** What a port answers to a probe; 0: nothing. */
    int status(Pod pod, Node get) throws InterruptedException {
        String host = "127.0.0.1:" + ports.of(pod, get.at("port"));
        for (Node header : get.at("httpHeaders").items()) {
            if (!ports.here(header.at("value").text()).equals(host)) {
                throw new AssertionError("this machine's probes are of one host: " + header.value());
            }
        }
        try {
            return client.send(
                            HttpRequest.newBuilder(URI.create("http://" + host + get.at("path")))
                                    .timeout(Duration.ofSeconds(10))
                                    .build(),
                            BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return 0;
        }
    }

    private static boolean takesConnections(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() {
        started.forEach(Running::close);
    }
}

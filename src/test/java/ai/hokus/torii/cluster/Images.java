package ai.hokus.torii.cluster;

import ai.hokus.torii.support.PeerCondition;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.json.JsonArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What stands for a container's image here: the packaged jar with the options and the entry point of the Dockerfile, the
 * redis-server of this machine, the Python that has the tested MLflow. What an image would bring, and who may do what in it,
 * is not shown by that.
 */
final class Images {

    private final Ports ports;
    private final Path opt;

    /**
     * Lays out the gateway's image.
     *
     * @param folder an empty folder
     */
    Images(Ports ports, Path folder) throws IOException {
        this.ports = ports;
        this.opt = folder;
        Files.copy(ToriiProcess.jar(), folder.resolve("torii.jar"));
    }

    /** A program with its words and its environment. */
    record Started(List<String> command, Map<String, String> environment) {}

    /** How this container is started here. */
    Started started(Pod pod, Node container, PodFolder files) throws Exception {
        Map<String, String> environment = new LinkedHashMap<>(Map.of("PATH", System.getenv("PATH")));
        environment.putAll(files.environment(container));
        List<String> words = files.command(container);
        String image = container.at("image").text().replaceAll(":.*", "").replaceAll(".*/", "");
        return switch (image) {
            case "torii" -> new Started(torii(container, words, files), torii(pod, container, environment));
            case "redis" -> new Started(redis(pod, words), environment);
            case "python" -> new Started(python(pod, words), environment);
            default -> throw new AssertionError("nothing stands for the image " + image);
        };
    }

    /**
     * The image's entry point, and its command for a container that has no arguments. A JVM in a container reads the
     * container's limits; here it is told them, and that this machine's JDK may be older than the image's.
     */
    private List<String> torii(Node container, List<String> arguments, PodFolder files) throws IOException {
        Files.writeString(opt.resolve("jvm.options"), files.here(Files.readString(Path.of("src/image/jvm.options"))));
        List<String> words = new ArrayList<>();
        for (String word : dockerfile("ENTRYPOINT")) {
            words.add(word.replace("/opt/torii", opt.toString()));
        }
        words.set(
                0, Path.of(System.getProperty("java.home"), "bin", words.get(0)).toString());
        Node limits = container.at("resources.limits");
        words.addAll(
                1,
                List.of(
                        "-XX:+IgnoreUnrecognizedVMOptions",
                        "-XX:MaxRAM=" + Quantity.of(limits.at("memory")).longValue(),
                        "-XX:ActiveProcessorCount="
                                + Math.max(1, Quantity.of(limits.at("cpu")).intValue())));
        words.addAll(arguments.isEmpty() ? dockerfile("CMD") : arguments);
        return words;
    }

    private static List<String> dockerfile(String instruction) throws IOException {
        String last = Files.readAllLines(Path.of("Dockerfile")).stream()
                .filter(line -> line.startsWith(instruction + " ["))
                .reduce((one, other) -> other)
                .orElseThrow();
        return new JsonArray(last.substring(instruction.length()))
                .stream().map(String::valueOf).toList();
    }

    /** The pod's ports are other ones here. */
    private Map<String, String> torii(Pod pod, Node container, Map<String, String> environment) {
        Map<String, String> more = new LinkedHashMap<>(environment);
        if (container.at("ports").isThere()) {
            more.put("API_HOST", "127.0.0.1");
            more.put("API_PORT", String.valueOf(ports.of(pod, new Node("http"))));
            more.put("TORII_MANAGEMENT_PORT", String.valueOf(ports.of(pod, new Node("management"))));
        }
        return more;
    }

    private List<String> redis(Pod pod, List<String> words) {
        List<String> command = new ArrayList<>(words);
        command.set(0, PeerCondition.find(words.get(0)).orElseThrow().toString());
        if (words.get(0).startsWith("redis")) {
            String port = String.valueOf(ports.of(pod, new Node("redis")));
            command.addAll(
                    words.get(0).equals("redis-server") ? command.size() : 1,
                    words.get(0).equals("redis-server")
                            ? List.of("--port", port, "--bind", "127.0.0.1")
                            : List.of("-p", port));
        }
        return command;
    }

    private List<String> python(Pod pod, List<String> words) throws InterruptedException {
        List<String> command = new ArrayList<>(words);
        command.set(0, RealMlflow.environment().python().toString());
        command.replaceAll(word -> word.startsWith("--port=")
                ? "--port=" + ports.of(pod, new Node(word.substring("--port=".length())))
                : word);
        return command;
    }
}

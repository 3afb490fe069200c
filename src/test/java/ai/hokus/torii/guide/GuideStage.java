package ai.hokus.torii.guide;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What stands in for what a page names. Pages write the usual ports, hosts and folders; here each port is a free one,
 * every host is this one, and the folders of a machine or a pod are folders of the page's own. What is printed is turned
 * back, so that pages say what readers see.
 *
 * @param folder the page's own, empty
 * @param ports from the port a page writes to the one that is used
 */
record GuideStage(Path folder, Map<Integer, Integer> ports) {

    /** Callers, management, the same of a second gateway, auth service, MLflow, Redis, Prometheus. */
    private static final List<Integer> USUAL = List.of(8080, 8081, 8082, 8083, 8000, 5000, 6379, 9090, 8443);

    private static final Pattern FOLDERS =
            Pattern.compile("(?<![\\w.~])/(etc/torii|var/spool/torii|run/torii|run/secrets)\\b");

    /** With MLflow at this port, and every other one free. */
    static GuideStage at(Path folder, int mlflowPort) throws IOException {
        Map<Integer, Integer> ports = new LinkedHashMap<>();
        List<ServerSocket> held = new ArrayList<>();
        for (int usual : USUAL) {
            ServerSocket free = new ServerSocket(0);
            held.add(free);
            ports.put(usual, free.getLocalPort());
        }
        for (ServerSocket free : held) {
            free.close();
        }
        ports.put(5000, mlflowPort);
        return new GuideStage(folder, ports);
    }

    /** The text of a page as it is run. */
    String used(String text) {
        String used = FOLDERS.matcher(text)
                .replaceAll(found -> folder + "/" + found.group(1))
                .replaceAll("//(mlflow|auth|redis):", "//127.0.0.1:")
                .replaceAll("@redis:", "@127.0.0.1:")
                .replace("/opt/torii/torii.jar", "target/torii.jar")
                .replace("@/opt/torii/jvm.options", "@conf/jvm.options");
        // Not one port after another: a free one may be among the usual ones.
        return Pattern.compile("\\b(" + String.join("|", names()) + ")\\b")
                .matcher(used)
                .replaceAll(found -> String.valueOf(ports.get(Integer.valueOf(found.group()))));
    }

    private List<String> names() {
        return ports.keySet().stream().map(String::valueOf).toList();
    }

    /** What was printed, in the words of the page. */
    String asWritten(String printed) {
        String written = printed.replace(folder + "/", "/").replace("/target/torii.jar", "target/torii.jar");
        for (Map.Entry<Integer, Integer> port : ports.entrySet()) {
            written = written.replaceAll("\\b" + port.getValue() + "\\b", String.valueOf(port.getKey()));
        }
        return written.replace("http://127.0.0.1:5000", "http://mlflow:5000")
                .replace("http://127.0.0.1:8000", "http://auth:8000");
    }

    /** A gateway that a page starts listens where the page says it does, and neither follows nor ends slowly. */
    Map<String, String> environment() {
        return Map.of(
                "API_HOST",
                "127.0.0.1",
                "API_PORT",
                String.valueOf(ports.get(8080)),
                "TORII_MANAGEMENT_PORT",
                String.valueOf(ports.get(8081)),
                "TORII_DRAIN_DELAY",
                "0s",
                "TORII_RELOAD_INTERVAL",
                "100ms",
                "MLFLOW_PORT",
                String.valueOf(ports.get(5000)),
                "GUIDE",
                Path.of("src/test/resources/guide").toAbsolutePath().toString());
    }
}

package ai.hokus.torii.cluster;

import ai.hokus.torii.support.Haproxy;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where a cluster's names and ports are on this machine: each container's port is a free one of the loopback interface. */
final class Ports {

    private static final Pattern ELSEWHERE = Pattern.compile("[\\w-]+\\.[\\w-]+\\.svc\\.cluster\\.local:\\d+");

    private final Rendered all;
    private final Map<String, Integer> free = new LinkedHashMap<>();

    Ports(Rendered all) {
        this.all = all;
    }

    private synchronized int free(String name) {
        return free.computeIfAbsent(name, unknown -> {
            try {
                return Haproxy.freePorts(1).get(0);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    /** Where a pod's port is, given by its name or number there. */
    int of(Pod pod, Node port) {
        return free(pod + ":" + pod.port(port).orElseThrow());
    }

    /** The text with addresses of this machine; Services that are not among the documents are at ports nobody listens on. */
    String here(String text) {
        String mapped = text;
        for (Node service : all.all("Service")) {
            for (Node port : service.at("spec.ports").items()) {
                Pod pod = all.podsWith(service.at("spec.selector").fields()).get(0);
                mapped = mapped.replaceAll(
                        "(?<![\\w.-])" + service.name() + ":" + port.at("port") + "(?!\\d)",
                        "127.0.0.1:" + of(pod, port.at("targetPort")));
            }
        }
        Matcher elsewhere = ELSEWHERE.matcher(mapped);
        return elsewhere.replaceAll(found -> "127.0.0.1:" + free(found.group())).replace("0.0.0.0", "127.0.0.1");
    }
}

package ai.hokus.torii.cluster;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The pods that one workload asks for.
 *
 * @param all the documents the workload is among
 * @param owner the workload, such as a Deployment
 */
record Pod(Rendered all, Node owner) {

    Node spec() {
        return owner.at("spec.template.spec");
    }

    Map<String, Node> labels() {
        return owner.at("spec.template.metadata.labels").fields();
    }

    boolean hasLabels(Map<String, Node> wanted) {
        return !wanted.isEmpty() && labels().entrySet().containsAll(wanted.entrySet());
    }

    /** Those that run before the others, then the others. */
    List<Node> containers() {
        return Stream.of("initContainers", "containers")
                .flatMap(list -> spec().at(list).items().stream())
                .toList();
    }

    /** The container of this name, which must be there. */
    Node container(String name) {
        return containers().stream()
                .filter(container -> container.at("name").text().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no container " + name + " in " + owner));
    }

    boolean isGateway() {
        return spec().at("containers").items().stream()
                .anyMatch(container -> container.at("name").text().equals("torii"));
    }

    /** The port of a container that a name or a number means; empty where it has none. */
    Optional<Integer> port(Node named) {
        return spec().at("containers").items().stream()
                .flatMap(container -> container.at("ports").items().stream())
                .filter(port -> port.at("name").text().equals(named.text())
                        || port.at("containerPort").text().equals(named.text()))
                .map(port -> port.at("containerPort").number())
                .findFirst();
    }

    Optional<Node> volume(String name) {
        return spec().at("volumes").items().stream()
                .filter(volume -> volume.at("name").text().equals(name))
                .findFirst();
    }

    /** What a container finds in its environment; a secret's value is a stand-in. */
    Map<String, String> environment(Node container) {
        Map<String, String> environment = new LinkedHashMap<>();
        for (Node from : container.at("envFrom").items()) {
            all.find("ConfigMap", from.at("configMapRef.name").text())
                    .ifPresent(map ->
                            map.at("data").fields().forEach((name, value) -> environment.put(name, value.text())));
        }
        for (Node variable : container.at("env").items()) {
            environment.put(variable.at("name").text(), value(variable));
        }
        return environment;
    }

    private String value(Node variable) {
        Node from = variable.at("valueFrom");
        if (from.at("secretKeyRef").isThere()) {
            return StandIn.of(from.at("secretKeyRef.key").text());
        }
        if (from.at("configMapKeyRef").isThere()) {
            return all.one("ConfigMap", from.at("configMapKeyRef.name").text())
                    .at("data")
                    .fields()
                    .get(from.at("configMapKeyRef.key").text())
                    .text();
        }
        return from.isThere() ? "from-" + owner.name() : variable.at("value").text();
    }

    @Override
    public String toString() {
        return owner.toString();
    }
}

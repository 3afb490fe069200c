package ai.hokus.torii.cluster;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What kustomize makes of a folder: all documents that would reach a cluster.
 *
 * @param yaml the text
 * @param documents the same, parsed
 */
record Rendered(String yaml, List<Node> documents) {

    Rendered(String yaml) {
        this(yaml, Node.documents(yaml));
    }

    /** All of this kind. */
    List<Node> all(String kind) {
        return documents.stream().filter(node -> node.kind().equals(kind)).toList();
    }

    /** The one of this kind and name; empty where there is none. */
    Optional<Node> find(String kind, String name) {
        return all(kind).stream().filter(node -> node.name().equals(name)).findFirst();
    }

    /** The one of this kind and name, which must be there. */
    Node one(String kind, String name) {
        return find(kind, name).orElseThrow(() -> new AssertionError("no " + kind + "/" + name + " in " + documents));
    }

    /** The Deployment of the gateway. */
    Node gateway() {
        return one("Deployment", "torii");
    }

    /** All pods that these documents ask for. */
    List<Pod> pods() {
        return documents.stream()
                .filter(node -> node.at("spec.template.spec.containers").isThere())
                .map(node -> new Pod(this, node))
                .toList();
    }

    /** The pods whose labels hold all of these. */
    List<Pod> podsWith(Map<String, Node> labels) {
        return pods().stream().filter(pod -> pod.hasLabels(labels)).toList();
    }

    /** A copy in which one document differs: at this path is this instead, or nothing where that is null. */
    Rendered with(String kind, String name, String path, Object instead) {
        List<Node> copies = documents.stream()
                .map(node -> node.kind().equals(kind) && node.name().equals(name)
                        ? new Node(changed(node.value(), List.of(path.split("\\.")), instead))
                        : node)
                .toList();
        if (copies.equals(documents)) {
            throw new AssertionError("nothing changed by " + kind + "/" + name + " " + path + "=" + instead);
        }
        return new Rendered("", copies);
    }

    /** A copy that lacks one document. */
    Rendered without(String kind, String name) {
        Node gone = one(kind, name);
        return new Rendered(
                "", documents.stream().filter(node -> !node.equals(gone)).toList());
    }

    /** A copy of a value in which this path leads to something else, or to nothing where that is null. */
    static Object changed(Object value, List<String> path, Object instead) {
        if (path.isEmpty()) {
            return instead;
        }
        String step = path.get(0);
        List<String> rest = path.subList(1, path.size());
        if (value instanceof List<?> list) {
            List<Object> copy = new ArrayList<>(list);
            int position = step.equals("+") ? copy.size() : Integer.parseInt(step);
            if (position == copy.size()) {
                copy.add(null);
            }
            copy.set(position, changed(copy.get(position), rest, instead));
            copy.removeIf(member -> member == null);
            return copy;
        }
        Map<String, Object> copy = new LinkedHashMap<>();
        new Node(value).fields().forEach((name, field) -> copy.put(name, field.value()));
        Object changed = changed(copy.get(step), rest, instead);
        if (changed == null) {
            copy.remove(step);
        } else {
            copy.put(step, changed);
        }
        return copy;
    }

    @Override
    public String toString() {
        return Stream.of(documents).flatMap(List::stream).map(Node::toString).collect(Collectors.joining(", "));
    }
}

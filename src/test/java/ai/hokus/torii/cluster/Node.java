package ai.hokus.torii.cluster;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * A piece of a document: a map, a list, a scalar, or nothing where a path leads nowhere. Paths have dots between names and
 * positions in lists: {@code spec.ports.0.name}; names that hold a dot are reached by {@link #fields}.
 *
 * @param value what SnakeYAML made of it; null: nothing
 */
record Node(Object value) {

    /** The documents of this text. */
    static List<Node> documents(String yaml) {
        List<Node> documents = new ArrayList<>();
        new Yaml(new SafeConstructor(new LoaderOptions()))
                .loadAll(yaml)
                .forEach(value -> documents.add(new Node(value)));
        return documents;
    }

    /** What this path leads to, by way of maps and lists. */
    Node at(String path) {
        Object found = value;
        for (String step : path.split("\\.")) {
            if (found instanceof Map<?, ?> map) {
                found = map.get(step);
            } else if (found instanceof List<?> list && step.matches("\\d+") && Integer.parseInt(step) < list.size()) {
                found = list.get(Integer.parseInt(step));
            } else {
                found = null;
            }
        }
        return new Node(found);
    }

    boolean isThere() {
        return value != null;
    }

    boolean isTrue() {
        return Boolean.TRUE.equals(value);
    }

    boolean isFalse() {
        return Boolean.FALSE.equals(value);
    }

    /** The scalar as text; empty where there is none. */
    String text() {
        return value == null ? "" : value.toString();
    }

    /** The scalar as whole number; -1 where there is none. */
    int number() {
        return value instanceof Number number ? number.intValue() : -1;
    }

    /** The members of a list; none where there is no list. */
    List<Node> items() {
        return value instanceof List<?> list ? list.stream().map(Node::new).toList() : List.of();
    }

    /** The members as text. */
    List<String> texts() {
        return items().stream().map(Node::text).toList();
    }

    /** The fields of a map; none where there is no map. */
    Map<String, Node> fields() {
        Map<String, Node> fields = new LinkedHashMap<>();
        if (value instanceof Map<?, ?> map) {
            map.forEach((name, field) -> fields.put(String.valueOf(name), new Node(field)));
        }
        return fields;
    }

    /** This and everything in it. */
    Stream<Node> all() {
        return Stream.concat(
                Stream.of(this),
                Stream.concat(items().stream(), fields().values().stream()).flatMap(Node::all));
    }

    String kind() {
        return at("kind").text();
    }

    String name() {
        return at("metadata.name").text();
    }

    @Override
    public String toString() {
        return kind().isEmpty() ? text() : kind() + "/" + name();
    }
}

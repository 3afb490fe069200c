package ai.hokus.torii.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The forms of kinds that other projects define, from the table {@code custom-resources.yaml}. */
final class CustomResources {

    private static final Node TABLE = table();

    private CustomResources() {}

    private static Node table() {
        try {
            return Node.documents(Files.readString(Path.of("src/test/resources/cluster/custom-resources.yaml")))
                    .get(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether the table has this kind. */
    static boolean knows(Node document) {
        return TABLE.at(document.kind()).isThere();
    }

    /** What is wrong with this document, by paths. */
    static List<String> problems(Node document) {
        Node form = TABLE.at(document.kind());
        String version = form.at("apiVersion").text();
        Stream<String> ofVersion = version.equals(document.at("apiVersion").text())
                ? Stream.of()
                : Stream.of(document + ": apiVersion is not " + version);
        return Stream.concat(ofVersion, problems(document + " spec", document.at("spec"), form.at("spec")))
                .toList();
    }

    private static Stream<String> problems(String path, Node found, Node form) {
        if (form.value() instanceof Map) {
            return found.value() instanceof Map
                    ? fields(path, found.fields(), form.fields())
                    : Stream.of(path + " is no map");
        }
        if (form.value() instanceof List) {
            return found.value() instanceof List
                    ? IntStream.range(0, found.items().size())
                            .boxed()
                            .flatMap(i -> problems(path + "." + i, found.items().get(i), form.at("0")))
                    : Stream.of(path + " is no list");
        }
        return isOf(form.text(), found) ? Stream.of() : Stream.of(path + " is not " + form.text() + ": " + found);
    }

    private static Stream<String> fields(String path, Map<String, Node> found, Map<String, Node> form) {
        Set<String> unknown = new LinkedHashSet<>(found.keySet());
        unknown.removeIf(name -> form.containsKey(name) || form.containsKey(name + "!"));
        Stream<String> wrong = form.entrySet().stream().flatMap(field -> {
            boolean isNeeded = field.getKey().endsWith("!");
            String name = field.getKey().replace("!", "");
            if (found.containsKey(name)) {
                return problems(path + "." + name, found.get(name), field.getValue());
            }
            return isNeeded ? Stream.of(path + "." + name + " is not there") : Stream.of();
        });
        return Stream.concat(unknown.stream().map(name -> path + "." + name + " is unknown"), wrong);
    }

    private static boolean isOf(String type, Node found) {
        return switch (type) {
            case "any" -> found.isThere();
            case "text" -> found.value() instanceof String;
            case "number" -> found.value() instanceof Integer;
            case "boolean" -> found.value() instanceof Boolean;
            case "labels" ->
                found.value() instanceof Map
                        && found.fields().values().stream().allMatch(value -> value.value() instanceof String);
            default -> found.value() instanceof String text && text.matches(type.substring(1, type.length() - 1));
        };
    }
}

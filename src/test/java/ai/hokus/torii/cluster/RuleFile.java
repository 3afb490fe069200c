package ai.hokus.torii.cluster;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.yaml.snakeyaml.Yaml;

/** The rules of {@code k8s/}, whose manifest is their only source; its spec is a rule file of Prometheus. */
final class RuleFile {

    static final Path MANIFEST = Path.of("k8s/components/monitoring/prometheusrule.yaml");

    private RuleFile() {}

    /** A document of YAML. */
    static JsonObject yaml(Path file) throws IOException {
        Map<String, Object> document = new Yaml().load(Files.readString(file));
        return new JsonObject(document);
    }

    /** The groups. */
    static JsonObject spec() throws IOException {
        return yaml(MANIFEST).getJsonObject("spec");
    }

    /** All rules of all groups. */
    static List<JsonObject> rules(JsonObject spec) {
        return objects(spec, "groups").flatMap(group -> objects(group, "rules")).toList();
    }

    /** The elements of an array that may be missing. */
    static Stream<JsonObject> objects(JsonObject from, String field) {
        return from.getJsonArray(field, new JsonArray()).stream().map(JsonObject.class::cast);
    }

    /** Writes it as Prometheus reads it: JSON is YAML. */
    static Path write(JsonObject spec, Path folder) throws IOException {
        return Files.writeString(folder.resolve("torii.rules.yaml"), spec.encode());
    }
}

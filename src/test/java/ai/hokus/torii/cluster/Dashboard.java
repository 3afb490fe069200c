package ai.hokus.torii.cluster;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The dashboard as Grafana reads it. */
record Dashboard(JsonObject json) {

    static final Path FILE = Path.of("k8s/components/monitoring/dashboard.json");

    private static final Pattern VARIABLE = Pattern.compile("\\$(?:\\{(\\w+)}|(\\w+))");

    /**
     * A question to Prometheus.
     *
     * @param owner the title of the panel, or the name of the variable or annotation, that asks it
     * @param text as it stands in the file
     * @param isInstant whether Grafana asks about the end of the time shown alone
     * @param noValue what is shown in place of an empty answer, where emptiness is foreseen
     */
    record Query(String owner, String text, boolean isInstant, Optional<String> noValue) {

        /** As Prometheus is asked it; every variable must have a value. */
        String with(Map<String, String> values) {
            return VARIABLE.matcher(text)
                    .replaceAll(found -> Matcher.quoteReplacement(
                            value(found.group(1) == null ? found.group(2) : found.group(1), values)));
        }

        private String value(String name, Map<String, String> values) {
            return Optional.ofNullable(values.get(name))
                    .orElseThrow(() -> new AssertionError(owner + " asks for the unknown variable " + name));
        }
    }

    static Dashboard read() throws IOException {
        return new Dashboard(new JsonObject(Files.readString(FILE)));
    }

    private static Stream<JsonObject> objects(JsonArray array) {
        return array.stream().map(JsonObject.class::cast);
    }

    /** All panels, rows among them. */
    List<JsonObject> panels() {
        return objects(json.getJsonArray("panels")).toList();
    }

    /** The panels that show something. */
    List<JsonObject> shown() {
        return panels().stream()
                .filter(panel -> !panel.getString("type").equals("row"))
                .toList();
    }

    static List<JsonObject> targets(JsonObject panel) {
        return objects(panel.getJsonArray("targets")).toList();
    }

    static JsonObject defaults(JsonObject panel) {
        return panel.getJsonObject("fieldConfig").getJsonObject("defaults");
    }

    List<JsonObject> variables() {
        return objects(json.getJsonObject("templating").getJsonArray("list")).toList();
    }

    List<JsonObject> annotations() {
        return objects(json.getJsonObject("annotations").getJsonArray("list"))
                .filter(annotation -> annotation.containsKey("expr"))
                .toList();
    }

    /** The questions of all panels, in their order. */
    List<Query> queries() {
        return shown().stream()
                .flatMap(panel -> targets(panel).stream()
                        .map(target -> new Query(
                                panel.getString("title"),
                                target.getString("expr"),
                                target.getBoolean("instant"),
                                Optional.ofNullable(defaults(panel).getString("noValue")))))
                .toList();
    }

    /** The questions of the panel of this title. */
    List<Query> queries(String title) {
        List<Query> found =
                queries().stream().filter(query -> query.owner().equals(title)).toList();
        if (found.isEmpty()) {
            throw new AssertionError("no panel '" + title + "'");
        }
        return found;
    }

    /** What Grafana offers for each variable that asks Prometheus: the values of a label in matching series. */
    List<Query> variableQueries() {
        return variables().stream()
                .filter(variable -> variable.getString("type").equals("query"))
                .map(variable -> new Query(
                        variable.getString("name"),
                        variable.getJsonObject("query")
                                .getString("query")
                                .replaceFirst("label_values\\((.*), (\\w+)\\)", "group by ($2) ($1)"),
                        false,
                        Optional.empty()))
                .toList();
    }

    /** The questions of annotations; that nothing happened is an answer of theirs. */
    List<Query> annotationQueries() {
        return annotations().stream()
                .map(annotation -> new Query(
                        annotation.getString("name"), annotation.getString("expr"), false, Optional.of("nothing")))
                .toList();
    }
}

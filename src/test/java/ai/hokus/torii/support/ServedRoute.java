package ai.hokus.torii.support;

import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.mlflow.RouteCatalogue;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * A route as an MLflow server told of it.
 *
 * @param variants how that MLflow was started: {@code plain}, {@code auth}, {@code prefix}, {@code auth-prefix}
 * @param method its method
 * @param template its path template, in the words of Flask or FastAPI, below the static prefix
 */
public record ServedRoute(String variants, String method, String template) {

    /** The static prefix of the variants that have one. */
    public static final String PREFIX = "/prefix";

    /** What is kept of this version. */
    public static List<ServedRoute> dumped(String version) {
        return kept(version).stream().map(ServedRoute::of).toList();
    }

    /** The lines that are kept of this version. */
    public static List<String> kept(String version) {
        return RealMlflow.resource("/mlflow-routes/" + version + ".tsv")
                .lines()
                .filter(line -> !line.startsWith("#"))
                .toList();
    }

    /** One of these lines. */
    public static ServedRoute of(String line) {
        String[] column = line.split("\t");
        return new ServedRoute(column[0], column[1], withoutPrefix(column[2]));
    }

    private static String withoutPrefix(String template) {
        return template.equals(PREFIX + "/") || template.startsWith(PREFIX + "/")
                ? template.substring(PREFIX.length())
                : template;
    }

    /** The template with its parameters' names left out: what stands for one segment, and what for more. */
    public String shape() {
        return shape(template);
    }

    /** The same for a template of the catalogue, of Flask or of FastAPI. */
    public static String shape(String template) {
        return template.replaceAll("<path:[^>]*>|\\{[^}]*:path\\}", "<**>").replaceAll("<[a-z_]+>|\\{[^}]*\\}", "<*>");
    }

    /** A path that the route takes. */
    public String sample() {
        return shape().replace("<**>", "s1/s2").replace("<*>", "s0");
    }

    /** What of these has not exactly one row of its own shape that its paths lead to, as rows to add. */
    public static List<String> withoutRow(List<ServedRoute> served, RouteCatalogue catalogue) {
        TreeSet<String> missing = new TreeSet<>();
        for (ServedRoute route : served) {
            List<RouteCatalogue.Row> rows = catalogue.rows().stream()
                    .filter(row -> row.method().equals(route.method()))
                    .filter(row -> row.templates().stream()
                            .anyMatch(template -> shape(template).equals(route.shape())))
                    .toList();
            Optional<Operation> found = catalogue.find(route.method(), route.sample());
            if (rows.size() != 1 || !found.equals(Optional.of(rows.get(0).operation()))) {
                missing.add(route.method() + "\t" + route.template() + "\tfound: "
                        + found.map(Operation::row).orElse("nothing"));
            }
        }
        return new ArrayList<>(missing);
    }
}

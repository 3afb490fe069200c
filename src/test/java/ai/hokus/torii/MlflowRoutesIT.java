package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.mlflow.RouteCatalogue;
import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.ServedRoute;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The installed MLflows are asked for all their routes: the catalogue must know each, and what is kept of them in
 * {@code mlflow-routes/} for tests without Python must be what they say.
 */
@Tag("mlflow")
class MlflowRoutesIT {

    private static final Map<String, List<String>> VARIANTS = variants();

    private static Map<String, List<String>> variants() {
        Map<String, List<String>> variants = new LinkedHashMap<>();
        variants.put("plain", List.of("", ""));
        variants.put("auth", List.of("auth", ""));
        variants.put("prefix", List.of("", ServedRoute.PREFIX));
        variants.put("auth-prefix", List.of("auth", ServedRoute.PREFIX));
        return variants;
    }

    /** Every line of the file that is kept, as this MLflow would have it. */
    private static List<String> served(PythonClient python) throws IOException, InterruptedException {
        Map<String, Set<String>> seen = new TreeMap<>(Comparator.naturalOrder());
        for (Map.Entry<String, List<String>> variant : VARIANTS.entrySet()) {
            PythonClient.Result result = python.with("MLFLOW_FLASK_SERVER_SECRET_KEY", "for-tests")
                    .with("MLFLOW_AUTH_ADMIN_PASSWORD", "password-for-tests")
                    .with("_MLFLOW_STATIC_PREFIX", variant.getValue().get(1))
                    .run("mlflow_routes.py", variant.getValue().get(0));
            assertThat(result.exitCode()).as("%s", result).isZero();
            result.output()
                    .lines()
                    .map(line -> line.split("\t"))
                    .forEach(column -> seen.computeIfAbsent(column[1] + "\t" + column[0], key -> new LinkedHashSet<>())
                            .add(variant.getKey()));
        }
        List<String> lines = new ArrayList<>();
        seen.forEach((route, variants) -> {
            String[] parts = route.split("\t");
            lines.add(String.join(",", variants) + "\t" + parts[1] + "\t" + parts[0]);
        });
        return lines;
    }

    private static void assertKnown(String version, PythonClient python) throws Exception {
        // When
        List<String> lines = served(python);

        // Then
        List<String> missing =
                ServedRoute.withoutRow(lines.stream().map(ServedRoute::of).toList(), RouteCatalogue.shipped());
        assertThat(missing).as("rows to add to routes.tsv").isEmpty();
        assertThat(lines)
                .as("mlflow-routes/" + version + ".tsv, which should hold\n" + String.join("\n", lines))
                .containsExactlyInAnyOrderElementsOf(ServedRoute.kept(version));
    }

    @Test
    void knowsEveryRouteOfTheCurrentMlflow() throws Exception {
        assertKnown("3.17.2", PythonClient.ofServer());
    }

    @Test
    void knowsEveryRouteOfMlflow2() throws Exception {
        assertKnown("2.22.5", PythonClient.ofMlflow2());
    }

    /** A document that only reads must not be able to change anything: the server is asked what its mutations are. */
    @Test
    void knowsWhichMutationsOnlySearch() throws Exception {
        // When
        JsonObject seen = PythonClient.current().run("graphql_mutations.py").facts();

        // Then
        assertThat(seen.getJsonArray("mutations"))
                .as("testMutation answers with its argument; any other new one must be looked at")
                .containsExactlyInAnyOrder("mlflowSearchDatasets", "mlflowSearchRuns", "testMutation");
        assertThat(seen.getValue("subscription")).isNull();
    }
}

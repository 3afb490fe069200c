package ai.hokus.torii.mlflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.mlflow.RouteCatalogue.Addition;
import ai.hokus.torii.mlflow.RouteCatalogue.Row;
import ai.hokus.torii.support.ServedRoute;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The catalogue against what real servers were seen to serve; {@code MlflowRoutesIT} asks them anew. */
class RouteCatalogueTest {

    private static final RouteCatalogue CATALOGUE = RouteCatalogue.shipped();

    /** Routes of basic-auth before its roles, up to MLflow 3.11, which neither dump has. */
    private static final String OLD_PERMISSIONS =
            "/3\\.0/mlflow/(gateway/(endpoints|model-definitions|secrets)|scorers)/permissions/.*";

    private static Operation find(String method, String path) {
        return CATALOGUE.find(method, path).orElse(null);
    }

    private static String name(String method, String path) {
        return CATALOGUE.find(method, path).map(Operation::name).orElse("-");
    }

    @ParameterizedTest
    @ValueSource(strings = {"3.17.2", "2.22.5"})
    void hasExactlyOneRowOfItsShapeForEveryRouteOfMlflow(String version) {
        // Given
        List<ServedRoute> served = ServedRoute.dumped(version);

        // When
        List<String> missing = ServedRoute.withoutRow(served, CATALOGUE);

        // Then
        assertThat(served).hasSizeGreaterThan(200);
        assertThat(missing).as("rows to add").isEmpty();
    }

    @Test
    void hasNoRowThatNoMlflowServes() {
        // Given
        Set<String> served = Stream.of("3.17.2", "2.22.5")
                .flatMap(version -> ServedRoute.dumped(version).stream())
                .map(route -> route.method() + " " + route.shape())
                .collect(Collectors.toSet());

        // When
        List<String> unserved = CATALOGUE.rows().stream()
                .filter(row -> !row.templates().get(0).matches("/api" + OLD_PERMISSIONS))
                .flatMap(row -> row.templates().stream()
                        .map(template -> row.method() + " " + ServedRoute.shape(template))
                        // Up to 2.22 basic-auth had no twins, and the old permissions went before the twins came.
                        .filter(route -> !route.matches(".*/ajax-api/2\\.0/mlflow/[a-z-]+/permissions/.*")))
                .filter(route -> !served.contains(route))
                .toList();

        // Then
        assertThat(unserved).isEmpty();
    }

    @Test
    void givesAnOperationOneKindOfAccessAndOneAreaWhereverItIsServed() {
        // When
        Map<String, Set<String>> kinds = CATALOGUE.rows().stream()
                .collect(Collectors.groupingBy(
                        row -> row.operation().name(),
                        TreeMap::new,
                        Collectors.mapping(
                                row -> row.operation().area() + " "
                                        + row.operation().access(),
                                Collectors.toSet())));

        // Then
        assertThat(kinds).allSatisfy((name, seen) -> assertThat(seen).as(name).hasSize(1));
        assertThat(kinds.keySet()).allMatch(name -> name.matches("[a-z][A-Za-z0-9]+"));
    }

    static Stream<Row> rows() {
        return CATALOGUE.rows().stream();
    }

    /** Who may do what is read here, not in the code that decides: an area of the server's own is never less than admin. */
    @ParameterizedTest
    @MethodSource("rows")
    void keepsForAdminsWhatIsTheServersOwnAndForNoReaderWhatChangesSomething(Row row) {
        // Given
        Operation operation = row.operation();
        boolean ownOfTheServer = Set.of(
                        "ai-gateway",
                        "jobs",
                        "webhooks",
                        "users",
                        "permissions",
                        "assistant",
                        "demo",
                        "prompt-optimization")
                .contains(operation.area());
        boolean searches = Set.of(
                        "searchRuns",
                        "searchExperiments",
                        "searchLoggedModels",
                        "getLatestVersions",
                        "searchTracesV3",
                        "batchGetTraceInfos",
                        "queryTraceMetrics",
                        "calculateTraceFilterCorrelation",
                        "searchEvaluationDatasets",
                        "searchIssues",
                        "searchDatasets",
                        "createPresignedDownloadUrl",
                        "postUiTelemetry")
                .contains(operation.name());

        // When
        Access access = operation.access();

        // Then
        if (ownOfTheServer) {
            assertThat(access).isEqualTo(Access.ADMIN);
        } else if (row.method().equals("GET") && !operation.hasDocument() || searches) {
            assertThat(access).isEqualTo(Access.READ);
        } else {
            assertThat(access).isGreaterThanOrEqualTo(Access.WRITE);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /api/2.0/mlflow/experiments/search, searchExperiments",
        "HEAD, /api/2.0/mlflow/experiments/search, searchExperiments",
        "POST, /ajax-api/2.0/mlflow/runs/create, createRun",
        "POST, /api/2.0mlflow/experiments/search-datasets, searchDatasets",
        "GET, /api/3.0/mlflow/traces/search, getTraceInfoV3",
        "POST, /api/3.0/mlflow/traces/search, searchTracesV3",
        "GET, /api/3.0/mlflow/traces/tr-1, getTraceInfoV3",
        "GET, /api/3.0/mlflow/traces/get, getTrace",
        "DELETE, /api/2.0/mlflow/logged-models/search, deleteLoggedModel",
        "POST, /ajax-api/3.0/jobs/, submitJob",
        "GET, /ajax-api/3.0/jobs/search, getJob",
        "PUT, /api/2.0/mlflow-artifacts/artifacts/0/r/artifacts/a%20b, uploadArtifact",
        "GET, /api/2.0/mlflow-artifacts/artifacts, listProxiedArtifacts",
        "POST, /gateway/gemini/v1beta/models/m:generateContent, gatewayGeminiGenerateContent",
        "POST, /gateway/proxy/e/any/thing, gatewayRawProxy",
        "GET, /api/3.0/mlflow/mcp-servers/endpoints, readMcpRegistry",
        "GET, /api/3.0/mlflow/mcp-servers/io.github/x, readMcpRegistry",
        "GET, /api/3.0/mlflow/mcp-servers/io.github/x/versions/1/0, readMcpRegistry",
        "POST, /api/3.0/mlflow/mcp-servers/io.github/x/versions/1.0/tags, writeMcpRegistry",
        "POST, /v1/traces, exportTraces",
        "GET, /, getUi"
    })
    void findsTheRowThatMlflowWouldTake(String method, String path, String operation) {
        // When
        String found = name(method, path);

        // Then
        assertThat(found).isEqualTo(operation);
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /API/2.0/mlflow/runs/create",
        "POST, /api/2.0/mlflow/runs/create/",
        "POST, /api/2.0/mlflow/runs/Create",
        "POST, /api/2.0/mlflow/runs/create%20",
        "POST, /api/2.0/mlflow/runs/create;x",
        "POST, /api/2.0/mlflow/runs/create%3Bx",
        "POST, /api/2.0/mlflow/runs",
        "POST, /api/2.0/mlflow/runs/create/x",
        "POST, /api/3.0/mlflow/runs/create",
        "POST, /api/2.1/mlflow/runs/create",
        "POST, /api/2.0/preview/mlflow/runs/create",
        "GET, /api/2.0/mlflow-artifacts/artifacts/",
        "PUT, /api/2.0/mlflow-artifacts/artifacts/",
        "GET, /api/2.0/mlflow/logged-models/",
        "GET, /api/2.0/mlflow/metrics/get-history-bulk",
        "POST, /api/3.0/jobs/",
        "POST, /ajax-api/3.0/jobs",
        "POST, /gateway/gemini/v1beta/models/:generateContent",
        "POST, /gateway/gemini/v1beta/models/m%3AgenerateContent",
        "GET, /api/3.0/mlflow/mcp-servers/",
        "GET, /healthz",
        "GET, /metrics",
        "GET, /signup/",
        "GET, ''"
    })
    void knowsNothingThatOnlyLooksLikeARow(String method, String path) {
        // When
        String found = name(method, path);

        // Then
        assertThat(found).isEqualTo("-");
    }

    /** Where one path has several readings, an exception by name must not be able to tell them apart. */
    @Test
    void givesOneNameToAllRowsThatOnePathCouldMean() {
        // When
        Map<String, Set<String>> names = CATALOGUE.rows().stream()
                .filter(row -> row.templates().get(0).matches(".*<path:[^>]*>/.*"))
                .collect(Collectors.groupingBy(
                        Row::method, Collectors.mapping(row -> row.operation().name(), Collectors.toSet())));

        // Then
        assertThat(names)
                .isNotEmpty()
                .allSatisfy((method, seen) -> assertThat(seen).as(method).hasSize(1));
        assertThat(name("DELETE", "/api/3.0/mlflow/mcp-servers/acme/tags/versions/1"))
                .isEqualTo(name("DELETE", "/api/3.0/mlflow/mcp-servers/acme"));
    }

    @Test
    void tellsTheMethodsOfAPath() {
        // When
        Set<String> alias = CATALOGUE.methods("/api/2.0/mlflow/registered-models/alias");
        Set<String> none = CATALOGUE.methods("/api/2.0/mlflow/unheard-of");

        // Then
        assertThat(alias).containsExactly("DELETE", "GET", "HEAD", "POST");
        assertThat(none).isEmpty();
    }

    /** Every start of a name is tried with at most sixteen ends, or a path of 16 KiB could take seconds. */
    @Test
    void doesNotFollowANameOverMoreThanSixteenSegments() {
        // Given
        String sixteen = "n/".repeat(15) + "n";
        String hostile = "versions/tags/".repeat(1000);

        // When
        String near = name("POST", "/api/3.0/mlflow/mcp-servers/" + sixteen + "/versions");
        String far = name("POST", "/api/3.0/mlflow/mcp-servers/n/" + sixteen + "/versions");
        String manyWays = name("POST", "/api/3.0/mlflow/mcp-servers/" + hostile + "x");

        // Then
        assertThat(near).isEqualTo("writeMcpRegistry");
        assertThat(far).isEqualTo("-");
        assertThat(manyWays).isEqualTo("-");
    }

    @Test
    void takesRoutesThatAnOperatorAdds() {
        // Given
        RouteCatalogue extended = CATALOGUE.with(new Addition("POST", "/api/3.0/mlflow/things/<id>/do", Access.WRITE));

        // When
        Operation added = extended.find("POST", "/api/3.0/mlflow/things/7/do").orElseThrow();

        // Then
        assertThat(added.access()).isEqualTo(Access.WRITE);
        assertThat(added.name()).isEqualTo("POST /api/3.0/mlflow/things/<id>/do");
        assertThat(find("POST", "/api/3.0/mlflow/things/7/do")).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET /api/2.0/mlflow/logged-models/<other_name>=ADMIN | it is there already (two routes of one shape",
                "DELETE /api/2.0/mlflow-artifacts/artifacts/<a>/<b>/<c>=READ | which needs delete",
                "GET /ajax-api/3.0/jobs/<path:rest>=READ | which needs admin",
                "DELETE /api/2.0/mlflow/logged-models/batch=WRITE | which needs delete",
                "DELETE /api/2.0/mlflow/logged-models/m1/<x>/<y>=READ | which needs write",
                "DELETE /api/2.0/mlflow-artifacts/<a>/1/<path:rest>=WRITE | which needs delete",
                "POST /gateway/<a>/<b>/<c>=WRITE | which needs admin",
                "POST /api/mlflow/api/3.0/mlflow/things=READ | leave out the mount",
                "POST /mlflow/api/3.0/mlflow/things=READ | leave out the mount",
                "GET /metrics=ADMIN | such a path is always refused: No such path",
                "DELETE /api/2.0/mlflow-artifacts/artifacts=DELETE | such a path is always refused: The request path",
                "GET /api/2.0/mlflow/./things=READ | such a path is always refused: The request path"
            })
    void objectsToAnAdditionThatIsNone(String addition, String objection) {
        // When
        Optional<String> seen = CATALOGUE.objection(addition(addition));

        // Then
        assertThat(seen.orElse("nothing")).contains(objection);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "POST /api/2.0/mlflow/logged-models/batch-get=READ",
                "GET /api/2.0/mlflow/logged-models/batch-get=READ",
                "DELETE /api/2.0/mlflow/logged-models/batch=DELETE",
                "PUT /api/2.0/mlflow/runs/create=WRITE",
                "GET /api/3.0/mlflow/files/<path:name>=READ",
                "GET /api/2.0/mlflow/logged-models/<id>/<what>=READ",
                "GET /anything/new/=ADMIN"
            })
    void takesAnAdditionThatIsNews(String addition) {
        assertThat(CATALOGUE.objection(addition(addition))).isEmpty();
    }

    private static Addition addition(String text) {
        String[] parts = text.split("[ =]");
        return new Addition(parts[0], parts[1], Access.valueOf(parts[2]));
    }

    @Test
    void takesNoTwoRowsOfOneShape() {
        // Given
        Addition twin = new Addition("GET", "/api/2.0/mlflow/logged-models/<other_name>", Access.ADMIN);

        // Then
        assertThatThrownBy(() -> CATALOGUE.with(twin))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("/api/2.0/mlflow/logged-models/<model_id>")
                .hasMessageContaining("/api/2.0/mlflow/logged-models/<other_name>");
    }
}

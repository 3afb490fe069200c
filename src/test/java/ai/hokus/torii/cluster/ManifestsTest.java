package ai.hokus.torii.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.NeedsPeer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** What kustomize makes of {@code k8s/}, in every combination, is what Kubernetes and its critics accept. */
@Tag("cluster")
@NeedsPeer(program = "kustomize", install = "go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1")
@NeedsPeer(program = "kube-score", install = "go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0")
@NeedsPeer(program = "kubernetes-validate", install = "pipx install kubernetes-validate==1.37.0")
class ManifestsTest {

    @TempDir
    private Path folder;

    static List<Combination> combinations() throws IOException {
        return Combination.all();
    }

    private static List<Node> documents() throws IOException {
        return Combination.all().stream()
                .flatMap(combination -> combination.rendered().documents().stream())
                .distinct()
                .toList();
    }

    private Program validate(String version, List<Node> documents) throws IOException {
        Path file = folder.resolve("documents.yaml");
        Files.writeString(
                file, new Yaml().dumpAll(documents.stream().map(Node::value).iterator()));
        return Program.ask(
                "kubernetes-validate",
                List.of("--strict", "--quiet", "--kubernetes-version", version, file.toString()));
    }

    /** The oldest version in which all that is used is on by default, and the newest there is a schema of. */
    @ParameterizedTest
    @ValueSource(strings = {"1.30", "1.37"})
    void fitTheSchemasOfKubernetes(String version) throws Exception {
        // Given
        List<Node> ofKubernetes = documents().stream()
                .filter(document -> !CustomResources.knows(document))
                .toList();

        // When
        Program ended = validate(version, ofKubernetes);

        // Then
        assertThat(ofKubernetes).hasSizeGreaterThan(20);
        assertThat(ended.exitCode()).as(ended.toString()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "Deployment, spec.template.spec.enableServiceLink, false",
        "Deployment, spec.template.spec.containers.0.ports.0.containerPort, eighty",
        "PodDisruptionBudget, spec.maxUnavailabel, 1"
    })
    void aMisspeltFieldDoesNotFit(String kind, String path, String value) throws Exception {
        // Given
        Node broken = Combination.PRODUCTION
                .rendered()
                .with(kind, "torii", path, value)
                .one(kind, "torii");

        // When
        Program ended = validate("1.37", List.of(broken));

        // Then
        assertThat(ended.exitCode()).isNotZero();
        assertThat(ended.output() + ended.errors()).containsIgnoringCase("torii");
    }

    @Test
    void fitTheFormsOfTheOperatorAndOfTheGatewayApi() throws Exception {
        // Given
        List<Node> custom = documents().stream().filter(CustomResources::knows).toList();

        // When
        List<String> problems = custom.stream()
                .flatMap(document -> CustomResources.problems(document).stream())
                .toList();

        // Then
        assertThat(custom).extracting(Node::kind).contains("ServiceMonitor", "PrometheusRule", "HTTPRoute");
        assertThat(problems).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "ServiceMonitor | spec.selector             | -         | spec.selector is not there",
                "ServiceMonitor | spec.endpoints.0.porrt    | http      | porrt is unknown",
                "ServiceMonitor | spec.endpoints.0.interval | often     | interval is not",
                "PrometheusRule | spec.groups               | text      | groups is no list",
                "HTTPRoute      | spec.timeout              | 1s        | timeout is unknown",
                "HTTPRoute      | spec.rules.0.backendRefs.0.port | text | port is not number",
                "HTTPRoute      | apiVersion | gateway.networking.k8s.io/v1alpha2 | apiVersion is not"
            })
    void aMisspeltFieldDoesNotFitThere(String kind, String path, String value, String told) {
        // Given
        Node broken = Combination.PRODUCTION
                .rendered()
                .with(kind, "torii", path, value)
                .one(kind, "torii");

        // When
        List<String> problems = CustomResources.problems(broken);

        // Then
        assertThat(problems).singleElement().asString().contains(told);
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void areWithoutAWarningOfKubeScore(Combination combination) throws Exception {
        // When
        Program ended = score(combination.rendered().yaml());

        // Then
        assertThat(ended.output().lines().filter(line -> !line.matches("\\[(OK|SKIPPED)] .*")))
                .isEmpty();
        assertThat(ended.exitCode()).as(ended.errors()).isZero();
    }

    @Test
    void kubeScoreWarnsOfWhatIsMissing() throws Exception {
        // Given
        String careless = Combination.PRODUCTION.rendered().yaml().replace("readOnlyRootFilesystem: true", "");

        // When
        Program ended = score(careless);

        // Then
        assertThat(ended.exitCode()).isNotZero();
    }

    private Program score(String yaml) throws IOException {
        Path file = Files.writeString(folder.resolve("all.yaml"), yaml);
        return Program.ask(
                "kube-score",
                List.of(
                        "score",
                        "--exit-one-on-warning",
                        "--kubernetes-version",
                        "v1.34",
                        "-o",
                        "ci",
                        file.toString()));
    }

    /** Each exception from kube-score has its reason in the documentation. */
    @Test
    void exceptionsFromKubeScoreAreExplained() throws Exception {
        // Given
        String page = Files.readString(Path.of("src/docs/kubernetes.md"));

        // When
        List<String> exceptions = documents().stream()
                .map(document -> document.at("metadata.annotations").fields().get("kube-score/ignore"))
                .filter(ignored -> ignored != null)
                .flatMap(ignored -> List.of(ignored.text().split(",")).stream())
                .distinct()
                .toList();

        // Then
        assertThat(exceptions).isNotEmpty().allSatisfy(name -> assertThat(page).contains("`" + name.strip() + "`"));
    }

    /** The development overlay installs the MLflow that all tests run with. */
    @Test
    void installTheTestedMlflow() throws Exception {
        assertThat(Path.of("k8s/overlays/dev/mlflow-constraints.txt"))
                .hasSameTextualContentAs(Path.of("src/main/resources/ai/hokus/torii/cli/mlflow-constraints.txt"));
    }

    /** Images carry a version, never "latest", and the gateway's is this build's. */
    @ParameterizedTest
    @MethodSource("combinations")
    void nameImagesByVersion(Combination combination) throws Exception {
        // Given
        String version = Files.readString(Path.of("pom.xml"))
                .replaceAll("(?s).*?<artifactId>torii</artifactId>\\s*<version>([^<]+)<.*", "$1");

        // When
        Map<String, List<String>> images = new TreeMap<>();
        combination
                .rendered()
                .pods()
                .forEach(pod -> pod.containers().forEach(container -> {
                    String[] image = container.at("image").text().split(":");
                    images.computeIfAbsent(image[0].replaceAll(".*/", ""), name -> new ArrayList<>())
                            .add(image[1]);
                }));

        // Then
        assertThat(images.get("torii")).containsOnly(version);
        assertThat(images.values()).allSatisfy(tags -> assertThat(tags).allMatch(tag -> tag.matches("\\d.*")));
    }

    /** Whoever takes them to a cluster finds every line to look at in one table. */
    @Test
    void everyFileWithALineToChangeIsListed() throws Exception {
        // Given
        Path root = Path.of("k8s");
        String page = Files.readString(Path.of("src/docs/kubernetes.md"));
        String table = page.substring(page.indexOf("### What to change"), page.indexOf("Better than to edit"));
        List<PathMatcher> listed = Pattern.compile("`((?:overlays|components|base)/[^`]+)`")
                .matcher(table)
                .results()
                .map(found -> root.getFileSystem().getPathMatcher("glob:" + found.group(1)))
                .toList();

        // When
        List<Path> marked = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(found -> found.toString().endsWith(".yaml")
                            || found.toString().endsWith(".env"))
                    .toList()) {
                if (Files.readString(file).contains("# CHANGE")) {
                    marked.add(root.relativize(file));
                }
            }
        }

        // Then
        assertThat(marked)
                .isNotEmpty()
                .allMatch(file -> listed.stream().anyMatch(row -> row.matches(file)), "is listed");
        assertThat(listed).allMatch(row -> marked.stream().anyMatch(row::matches), "leads to a marked line");
    }
}

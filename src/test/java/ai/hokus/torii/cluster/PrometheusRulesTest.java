package ai.hokus.torii.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.PrometheusServer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every rule does what it says, by promtool's unit tests, and every alert tells what to do. */
@Tag("cluster")
@NeedsPeer(program = "promtool", install = "apt-get install prometheus")
class PrometheusRulesTest {

    private static final Path UNIT_TESTS = Path.of("src/test/resources/ai/hokus/torii/cluster/rules");
    private static final Path INCIDENTS = Path.of("src/docs/incidents.md");
    private static final Pattern NAME = Pattern.compile("[A-Za-z_:][A-Za-z0-9_:]*");
    private static final List<String> PARTS =
            List.of("**Means**", "**Callers see**", "**Look**", "**Do**", "**Over**", "**Provoke**");

    static Stream<Path> unitTests() throws IOException {
        return Files.list(UNIT_TESTS).sorted();
    }

    private static Stream<JsonObject> tests() throws IOException {
        List<JsonObject> all = new ArrayList<>();
        for (Path file : unitTests().toList()) {
            RuleFile.objects(RuleFile.yaml(file), "tests").forEach(all::add);
        }
        return all.stream();
    }

    private static List<JsonObject> rules(String kind) throws IOException {
        return RuleFile.rules(RuleFile.spec()).stream()
                .filter(rule -> rule.containsKey(kind))
                .toList();
    }

    private static Set<String> names(String kind) throws IOException {
        return rules(kind).stream().map(rule -> rule.getString(kind)).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void areFreeOfFaultsAndDuplicates(@TempDir Path folder) throws Exception {
        // Given
        Path file = RuleFile.write(RuleFile.spec(), folder);

        // When
        String said = PrometheusServer.promtool("", "check", "rules", "--lint=all", "--lint-fatal", file.toString());

        // Then
        assertThat(said)
                .startsWith("0 ")
                .contains("SUCCESS: " + (rules("alert").size() + rules("record").size()));
    }

    @ParameterizedTest
    @MethodSource("unitTests")
    void doWhatTheirUnitTestsSay(Path test, @TempDir Path folder) throws Exception {
        // Given
        RuleFile.write(RuleFile.spec(), folder);
        Path copy = Files.copy(test, folder.resolve(test.getFileName()));

        // When
        String said = PrometheusServer.promtool("", "test", "rules", copy.toString());

        // Then
        assertThat(said).startsWith("0 ");
    }

    @Test
    void everyAlertHasAUnitTestInWhichItFiresAndOneInWhichItDoesNot() throws Exception {
        // When
        List<JsonObject> expected = tests().flatMap(test -> RuleFile.objects(test, "alert_rule_test"))
                .toList();

        // Then
        assertThat(alertsOf(expected, false)).isEqualTo(names("alert"));
        assertThat(alertsOf(expected, true)).isEqualTo(names("alert"));
    }

    private static Set<String> alertsOf(List<JsonObject> expected, boolean silent) {
        return expected.stream()
                .filter(test -> test.getJsonArray("exp_alerts").isEmpty() == silent)
                .map(test -> test.getString("alertname"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void everyRecordingRuleHasAUnitTestOfItsValue() throws Exception {
        // When
        Set<String> valued = tests().flatMap(test -> RuleFile.objects(test, "promql_expr_test"))
                .filter(test -> !test.getJsonArray("exp_samples").isEmpty())
                .flatMap(test -> NAME.matcher(test.getString("expr")).results().map(MatchResult::group))
                .collect(Collectors.toSet());

        // Then
        assertThat(valued).containsAll(names("record"));
    }

    @Test
    void everyAlertSaysWhoIsWokenWhoseSideItIsOnAndWhatToDo() throws Exception {
        // Given
        Set<String> sides = Set.of("caller", "gateway", "auth_service", "mlflow", "platform");
        Pattern begins =
                Pattern.compile("(Callers|Gateway|Gateway's settings|Auth service|MLflow|Platform): .*|\\{\\{ if .*");

        // When
        List<JsonObject> alerts = rules("alert");

        // Then
        assertThat(alerts).allSatisfy(alert -> {
            String name = alert.getString("alert");
            JsonObject labels = alert.getJsonObject("labels");
            JsonObject told = alert.getJsonObject("annotations");
            assertThat(name).startsWith("Torii");
            assertThat(labels.getString("severity")).isIn("page", "ticket", "info");
            assertThat(labels.getString("team")).matches("torii|auth|mlflow|platform|\\{\\{.*\\$labels\\.side.*");
            assertThat(sides).contains(labels.getString("side", "gateway"));
            assertThat(told.fieldNames()).containsExactlyInAnyOrder("summary", "action", "runbook");
            assertThat(told.getString("summary")).matches(begins).contains("$labels.namespace", "$value");
            assertThat(told.getString("action")).isNotBlank();
            assertThat(told.getString("runbook")).isEqualTo(INCIDENTS + "#" + name.toLowerCase(Locale.ROOT));
        });
        assertThat(names("alert")).hasSameSizeAs(alerts);
    }

    @Test
    void everyAlertHasASectionOfTheRunbookAndEverySectionAnAlert() throws Exception {
        // When
        List<String> sections = Stream.of(Files.readString(INCIDENTS).split("(?m)^### "))
                .filter(section -> section.startsWith("Torii"))
                .toList();

        // Then
        assertThat(sections.stream().map(section -> section.lines().findFirst().orElseThrow()))
                .containsExactlyInAnyOrderElementsOf(names("alert"));
        assertThat(sections).allSatisfy(section -> assertThat(section).contains(PARTS));
        assertThat(sections.stream()
                        .map(section -> section.lines().skip(2).findFirst().orElseThrow()))
                .containsExactlyElementsOf(rules("alert").stream()
                        .map(PrometheusRulesTest::heading)
                        .toList());
    }

    /** The first line of its section. */
    private static String heading(JsonObject alert) {
        JsonObject labels = alert.getJsonObject("labels");
        String team = labels.getString("team");
        return labels.getString("severity") + " · team " + (team.contains("{{") ? "by side" : team) + " · side "
                + labels.getString("side", "by side") + " · "
                + (alert.containsKey("for") ? "after " + alert.getString("for") : "at once");
    }
}

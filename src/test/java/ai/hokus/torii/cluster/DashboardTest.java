package ai.hokus.torii.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.cluster.Dashboard.Query;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The dashboard's file is one that Grafana takes as it is, and every panel says how to read it. */
@Tag("cluster")
class DashboardTest {

    /** Fields of Grafana's model, from the types that Grafana publishes (@grafana/schema 13.2.3); those in use here. */
    private static final Set<String> OF_DASHBOARDS = Set.of(
            "annotations",
            "description",
            "editable",
            "fiscalYearStartMonth",
            "graphTooltip",
            "id",
            "links",
            "liveNow",
            "panels",
            "refresh",
            "schemaVersion",
            "tags",
            "templating",
            "time",
            "timepicker",
            "timezone",
            "title",
            "uid",
            "version",
            "weekStart");

    private static final Set<String> OF_PANELS = Set.of(
            "collapsed",
            "datasource",
            "description",
            "fieldConfig",
            "gridPos",
            "id",
            "links",
            "options",
            "panels",
            "targets",
            "title",
            "type");

    private static final Set<String> OF_FIELDS =
            Set.of("color", "custom", "decimals", "mappings", "max", "min", "noValue", "thresholds", "unit");

    private static final Set<String> OF_VARIABLES = Set.of(
            "allValue",
            "current",
            "datasource",
            "description",
            "hide",
            "includeAll",
            "label",
            "multi",
            "name",
            "options",
            "query",
            "refresh",
            "regex",
            "sort",
            "type");

    private static final Set<String> OF_TARGETS =
            Set.of("datasource", "editorMode", "expr", "instant", "legendFormat", "range", "refId");

    private static final Pattern SELECTOR = Pattern.compile("(\\w+)\\{([^}]*)}");
    private static final String CHOSEN = "namespace=~\"$namespace\", job=~\"$job\", instance=~\"$instance\"";
    private static final Path DOCUMENTS = Path.of("src/docs");

    private Dashboard dashboard;

    @BeforeEach
    void read() throws IOException {
        dashboard = Dashboard.read();
    }

    @Test
    void asksInTheOrderOfSomebodyWhoWasWokenUp() {
        // When
        List<String> rows = dashboard.panels().stream()
                .filter(panel -> panel.getString("type").equals("row"))
                .map(row -> row.getString("title"))
                .toList();

        // Then
        assertThat(rows)
                .startsWith("Who is affected?", "Whose fault is it?", "Since when?")
                .endsWith("Which alerts fire?");
    }

    @Test
    void hasOnlyFieldsOfGrafanasModel() {
        assertThat(OF_DASHBOARDS).containsAll(dashboard.json().fieldNames());
        dashboard.panels().forEach(panel -> assertThat(OF_PANELS).containsAll(panel.fieldNames()));
        dashboard.shown().forEach(panel -> {
            assertThat(panel.getString("type")).isIn("stat", "timeseries", "state-timeline");
            assertThat(OF_FIELDS).containsAll(Dashboard.defaults(panel).fieldNames());
            Dashboard.targets(panel).forEach(target -> assertThat(OF_TARGETS).containsAll(target.fieldNames()));
        });
        dashboard.variables().forEach(variable -> assertThat(OF_VARIABLES).containsAll(variable.fieldNames()));
    }

    @Test
    void canBeProvisionedAsItIs() {
        assertThat(dashboard.json().getString("uid")).isEqualTo("torii-gateway");
        assertThat(dashboard.json().getValue("id")).isNull();
        assertThat(dashboard.json().getInteger("schemaVersion")).isGreaterThanOrEqualTo(39);
        assertThat(dashboard.json().getString("refresh")).isEqualTo("30s");
        assertThat(dashboard.json().getJsonArray("tags")).contains("torii");
        assertThat(dashboard.json().encode()).doesNotContain("${DS_");
    }

    @Test
    void tellsItsPanelsApart() {
        // When
        List<Integer> ids =
                dashboard.panels().stream().map(panel -> panel.getInteger("id")).toList();
        List<String> titles = dashboard.panels().stream()
                .map(panel -> panel.getString("title"))
                .toList();

        // Then
        assertThat(ids).doesNotHaveDuplicates();
        assertThat(titles).doesNotHaveDuplicates();
    }

    @Test
    void putsNoPanelOverAnother() {
        // Given
        Set<List<Integer>> taken = new HashSet<>();
        List<String> over = new ArrayList<>();

        // When
        for (JsonObject panel : dashboard.panels()) {
            JsonObject at = panel.getJsonObject("gridPos");
            int right = at.getInteger("x") + at.getInteger("w");
            int bottom = at.getInteger("y") + at.getInteger("h");
            assertThat(right).isLessThanOrEqualTo(24);
            for (int x = at.getInteger("x"); x < right; x++) {
                for (int y = at.getInteger("y"); y < bottom; y++) {
                    if (!taken.add(List.of(x, y))) {
                        over.add(panel.getString("title"));
                    }
                }
            }
        }

        // Then
        assertThat(over).isEmpty();
    }

    @Test
    void saysOfEveryPanelHowItIsReadAndWhatToDo() {
        dashboard.shown().forEach(panel -> {
            JsonObject defaults = Dashboard.defaults(panel);
            assertThat(panel.getString("title")).isNotBlank();
            assertThat(panel.getString("description"))
                    .as(panel.getString("title"))
                    .contains("Good: ", "To do: ");
            assertThat(defaults.getString("unit")).isNotBlank();
            assertThat(defaults.getJsonObject("thresholds").getJsonArray("steps"))
                    .isNotEmpty();
            Dashboard.targets(panel)
                    .forEach(target ->
                            assertThat(target.getString("legendFormat")).isNotBlank());
        });
    }

    @Test
    void asksTheChosenPrometheusAlone() {
        // Given
        JsonObject chosen = JsonObject.of("type", "prometheus", "uid", "${datasource}");

        // Then
        assertThat(dashboard.variables().get(0).getString("type")).isEqualTo("datasource");
        dashboard.shown().forEach(panel -> {
            assertThat(panel.getJsonObject("datasource")).isEqualTo(chosen);
            Dashboard.targets(panel)
                    .forEach(target ->
                            assertThat(target.getJsonObject("datasource")).isEqualTo(chosen));
        });
        dashboard
                .annotations()
                .forEach(annotation ->
                        assertThat(annotation.getJsonObject("datasource")).isEqualTo(chosen));
    }

    @Test
    void asksAboutTheChosenGatewaysAlone() {
        Stream.concat(dashboard.queries().stream(), dashboard.annotationQueries().stream())
                .map(Query::text)
                .forEach(text -> {
                    Matcher selector = SELECTOR.matcher(text);
                    int found = 0;
                    while (selector.find()) {
                        found++;
                        // Alerts have the labels that their rules give them.
                        if (!selector.group(1).equals("ALERTS")) {
                            assertThat(selector.group(2)).startsWith(CHOSEN);
                        }
                    }
                    assertThat(found).isPositive();
                });
    }

    @Test
    void countsRatesOverAnIntervalThatScrapesFill() {
        // When
        List<String> ranges = dashboard.queries().stream()
                .flatMap(query ->
                        Pattern.compile("\\[([^\\]]+)]").matcher(query.text()).results())
                .map(range -> range.group(1))
                .distinct()
                .toList();

        // Then
        assertThat(ranges).containsExactlyInAnyOrder("$__rate_interval", "5m");
    }

    @Test
    void leadsToSectionsThatExist() throws IOException {
        // Given
        List<String> urls = Stream.concat(
                        Stream.of(dashboard.json()),
                        dashboard.shown().stream().filter(panel -> panel.containsKey("links")))
                .flatMap(owner -> owner.getJsonArray("links").stream())
                .map(link -> ((JsonObject) link).getString("url"))
                .distinct()
                .toList();

        // Then
        assertThat(urls).hasSizeGreaterThan(4);
        for (String url : urls) {
            assertThat(url).startsWith("${runbooks}/");
            String[] parts = url.substring("${runbooks}/".length()).split("#");
            Path page = DOCUMENTS.resolve(parts[0]);
            assertThat(page).exists();
            if (parts.length > 1) {
                assertThat(sections(page)).contains(parts[1]);
            }
        }
    }

    /** Headings of a page as they are linked to. */
    private static List<String> sections(Path page) throws IOException {
        return Files.readAllLines(page).stream()
                .filter(line -> line.startsWith("#"))
                .map(line -> line.replaceFirst("^#+ ", "").toLowerCase(Locale.ROOT))
                .map(line -> line.replaceAll("[^\\w -]", "").replace(' ', '-'))
                .toList();
    }

    @Test
    void givesEveryChoiceTheValueThatAlsoMatchesWhatHasNoSuchLabel() {
        dashboard.variables().stream()
                .filter(variable -> variable.getString("type").equals("query"))
                .forEach(variable -> {
                    assertThat(variable.getBoolean("includeAll")).isTrue();
                    assertThat(variable.getString("allValue")).isEqualTo(".*");
                    assertThat(variable.getJsonObject("current").getJsonArray("value"))
                            .isEqualTo(JsonArray.of("$__all"));
                });
    }
}

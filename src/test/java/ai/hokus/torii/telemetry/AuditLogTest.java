package ai.hokus.torii.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.telemetry.AuditLine.Event;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Which of MLflow's operations leave an entry, by the whole catalogue. */
class AuditLogTest {

    private record Row(Operation operation, String method) {}

    private static List<Row> catalogue() throws IOException {
        return new String(
                        AuditLogTest.class
                                .getResourceAsStream("/ai/hokus/torii/mlflow/routes.tsv")
                                .readAllBytes(),
                        StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.split("\t"))
                .map(cells -> new Row(
                        new Operation(
                                cells[0],
                                cells[1],
                                Access.valueOf(cells[2].toUpperCase(Locale.ROOT)),
                                false,
                                false,
                                ""),
                        cells[3]))
                .toList();
    }

    private static Map<Event, TreeSet<String>> byEvent(String area) throws IOException {
        Map<Event, TreeSet<String>> names = new TreeMap<>();
        for (Row row : catalogue()) {
            Event event = AuditLog.event(row.operation(), row.method());
            if (event != null && row.operation().area().equals(area)) {
                names.computeIfAbsent(event, e -> new TreeSet<>())
                        .add(row.operation().name());
            }
        }
        return names;
    }

    @Test
    void notesEveryChangeOfTheRegistry() throws IOException {
        // When
        Map<Event, TreeSet<String>> names = byEvent("registry");

        // Then
        assertThat(names.get(Event.DELETION))
                .containsExactly(
                        "deleteModelVersion",
                        "deleteModelVersionTag",
                        "deleteRegisteredModel",
                        "deleteRegisteredModelAlias",
                        "deleteRegisteredModelTag");
        assertThat(names.get(Event.REGISTRY_CHANGE))
                .containsExactly(
                        "createModelVersion",
                        "createRegisteredModel",
                        "renameRegisteredModel",
                        "setModelVersionTag",
                        "setRegisteredModelAlias",
                        "setRegisteredModelTag",
                        "transitionModelVersionStage",
                        "updateModelVersion",
                        "updateRegisteredModel");
    }

    @Test
    void notesWhateverTakesAwayAndNothingThatReads() throws IOException {
        for (Row row : catalogue()) {
            // When
            Event event = AuditLog.event(row.operation(), row.method());

            // Then
            Access access = row.operation().access();
            if (access == Access.DELETE || row.operation().name().startsWith("delete")) {
                assertThat(event).as(row.toString()).isEqualTo(Event.DELETION);
            }
            if (access == Access.READ || access == Access.NONE) {
                assertThat(event).as(row.toString()).isNull();
            }
            if (access == Access.ADMIN && !row.method().equals("GET")) {
                assertThat(event).as(row.toString()).isNotNull();
            }
        }
    }

    @Test
    void notesWhatItDoesNotKnowUnlessItReads() {
        Operation unknown = Operation.unknown(Access.ADMIN);
        assertThat(AuditLog.event(unknown, "GET")).isNull();
        assertThat(AuditLog.event(unknown, "DELETE")).isEqualTo(Event.DELETION);
        assertThat(AuditLog.event(unknown, "POST")).isEqualTo(Event.ADMINISTRATION);
    }
}

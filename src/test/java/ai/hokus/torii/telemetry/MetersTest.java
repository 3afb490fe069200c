package ai.hokus.torii.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MetersTest {

    private static void collectGarbage() {
        WeakReference<Object> garbage = new WeakReference<>(new Object());
        Await.until("garbage is collected", () -> {
            System.gc();
            return garbage.get() == null;
        });
    }

    @Test
    void goesOnAskingForANumberThatNobodyElseHolds() {
        // Given
        try (Meters meters = new Meters("1", "c")) {
            AtomicLong lines = new AtomicLong();
            meters.counter("torii.lines", "Lines", "cause", "flood", () -> lines.get());
            collectGarbage();

            // When
            lines.set(7);

            // Then
            assertThat(meters.scrape()).contains("torii_lines_total{cause=\"flood\"} 7.0");
        }
    }

    @Test
    void takesRowsAwayThatAreNotThereAnyMore() {
        // Given
        try (Meters meters = new Meters("1", "c")) {
            Map<List<String>, Number> rows = new HashMap<>();
            meters.rows("torii.rows", "Rows", () -> rows);
            rows.put(List.of("check", "auth", "reason", "auth_timeout"), 1);
            String before = meters.scrape();

            // When
            rows.clear();

            // Then
            assertThat(before).contains("torii_rows{check=\"auth\",reason=\"auth_timeout\"} 1.0");
            assertThat(meters.scrape()).doesNotContain("torii_rows{");
        }
    }

    @Test
    void showsAGaugeNoMoreThatIsForgotten() {
        // Given
        try (Meters meters = new Meters("1", "c")) {
            meters.gauge("torii.end", "An end", "end", "auth", () -> 1);
            meters.gauge("torii.end", "An end", "end", "mlflow", () -> 2);

            // When
            meters.forget("torii.end", "end", "auth");

            // Then
            assertThat(meters.scrape())
                    .contains("torii_end{end=\"mlflow\"} 2.0")
                    .doesNotContain("end=\"auth\"");
        }
    }
}

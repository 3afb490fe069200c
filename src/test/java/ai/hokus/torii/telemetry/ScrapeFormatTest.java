package ai.hokus.torii.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScrapeFormatTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/openmetrics-text",
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                        + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                "text/plain;q=0.5, Application/OpenMetrics-Text; version=1.0.0; charset=utf-8; q=0.9",
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
                        + "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"
            })
    void isOpenMetricsWhereThatIsLiked(String accept) {
        assertThat(ScrapeFormat.of(accept)).isEqualTo(ScrapeFormat.OPEN_METRICS);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "*/*",
                "text/html, */*;q=0.8",
                "text/plain;version=0.0.4",
                "text/plain, application/openmetrics-text;q=0.9",
                "application/openmetrics-text;q=0",
                "application/openmetrics-text;q=0.0, */*",
                "application/vnd.google.protobuf",
                ";",
                ",;q=1, ;;"
            })
    void isTextForEverybodyElse(String accept) {
        assertThat(ScrapeFormat.of(accept)).isEqualTo(ScrapeFormat.TEXT);
    }

    @Test
    void isTextForWhoAsksForNothing() {
        assertThat(ScrapeFormat.of(null)).isEqualTo(ScrapeFormat.TEXT);
    }
}

package ai.hokus.torii.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.AccessLines;
import org.junit.jupiter.api.Test;

class OutagesTest {

    @Test
    void tellsOfAnOutageAlsoAfterAllThatKnewOfTheLastOneAreGone() throws Exception {
        // Given an outage in which a reload ended every event loop's store
        Outages outages = new Outages();
        outages.away();
        outages.lost("first");
        outages.gone();
        try (AccessLines lines = AccessLines.open("torii.ratelimit")) {
            // When
            outages.away();
            outages.lost("second");
            outages.lost("third");

            // Then
            assertThat(lines.next("does not count")).contains("second");
            assertThat(outages.total()).isEqualTo(3);
        }
    }
}

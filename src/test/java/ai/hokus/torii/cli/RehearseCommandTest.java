package ai.hokus.torii.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ProcessBuilder.Redirect;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@code torii rehearse} in a process of its own, as the build runs it. */
class RehearseCommandTest {

    @Test
    void answersItsOwnCallsAndEndsWithCode0() throws Exception {
        // When
        var ended = ChildJvm.start(Map.of(), Redirect.DISCARD, "rehearse").end();

        // Then
        assertThat(ended.err()).isEmpty();
        assertThat(ended.exitCode()).isZero();
    }

    @Test
    void goesItsOwnWayWhateverTheEnvironmentSays() throws Exception {
        // When
        var environment = Map.of("API_PORT", "1", "MLFLOW_SERVER_URL", "nonsense", "TORII_NO_SETTING", "x");
        var ended = ChildJvm.start(environment, Redirect.DISCARD, "rehearse").end();

        // Then
        assertThat(ended.err()).isEmpty();
        assertThat(ended.exitCode()).isZero();
    }

    @Test
    void isNotListedAmongTheCommands() {
        // When
        try (var console = new CapturedOutput()) {
            console.run("--help");

            // Then
            assertThat(console.printed()).contains("serve").doesNotContain("rehearse");
        }
    }
}

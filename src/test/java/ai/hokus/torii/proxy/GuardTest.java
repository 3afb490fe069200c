package ai.hokus.torii.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GuardTest {

    private final List<Throwable> faults = new ArrayList<>();
    private final Guard guard = new Guard(faults::add);

    @Test
    void handsOnWhatACallbackThrows() {
        // Given
        RuntimeException fault = new IllegalStateException("a fault");

        // When
        guard.handler(event -> {
                    throw fault;
                })
                .handle(null);
        guard.action(() -> {
                    throw fault;
                })
                .run();

        // Then
        assertThat(faults).containsExactly(fault, fault);
    }

    @Test
    void leavesACallbackAloneThatThrowsNothing() {
        // Given
        List<String> seen = new ArrayList<>();

        // When
        guard.<String>handler(seen::add).handle("event");

        // Then
        assertThat(seen).containsExactly("event");
        assertThat(faults).isEmpty();
    }
}

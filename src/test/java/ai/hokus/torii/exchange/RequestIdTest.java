package ai.hokus.torii.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.MultiMap;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestIdTest {

    private static String of(String name) {
        MultiMap headers = MultiMap.caseInsensitiveMultiMap().add("X-API-Key", "hk_test_TestOnly0123");
        return RequestId.of(name == null ? headers : headers.add("X-Request-Id", name));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "0",
                ".",
                "_",
                "-",
                "A-b_c.9",
                "1234567890123456789012345678901234567890123456789012345678901234"
            })
    void keepsTheCallersOwnName(String name) {
        // Given the name

        // When
        String id = of(name);

        // Then
        assertThat(id).isEqualTo(name);
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(
            strings = {
                "a b",
                "HK_TEST_0123456789",
                "aGtfdGVzdF9UZXN0T25seTAxMjM.",
                "x-TestOnly",
                "hk_test_0123456789abcdefghijklmnopqrstuv",
                "x-hk_test_1",
                "a/b",
                "a\"b",
                "a\nb",
                "<script>",
                "é",
                "a,b",
                "12345678901234567890123456789012345678901234567890123456789012345"
            })
    void makesANewNameWhereTheCallersIsNone(String name) {
        // Given the name

        // When
        String id = of(name);

        // Then
        assertThat(id).matches("[0-9a-f]{32}");
    }

    @Test
    void makesAnotherNameEachTime() {
        // Given
        int count = 1000;

        // When
        Set<String> ids = IntStream.range(0, count).mapToObj(i -> of(null)).collect(Collectors.toSet());

        // Then
        assertThat(ids).hasSize(count);
    }
}

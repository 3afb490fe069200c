package ai.hokus.torii.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ApiKeyTest {

    private static final String TEXT = "hk_test_0123456789abcdefghijklmnopqrstuv";

    @Test
    void showsItsTextOnlyWhenAsked() {
        // Given
        ApiKey key = ApiKey.parse(TEXT).orElseThrow();

        // When
        String printed = "" + key + Optional.of(key) + String.format("%s", key);

        // Then
        assertThat(printed).isEqualTo("ApiKey[redacted]Optional[ApiKey[redacted]]ApiKey[redacted]");
        assertThat(key.reveal()).isEqualTo(TEXT);
        assertThat(key.bytes()).isEqualTo(TEXT.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void takes512CharactersAndNotOneMore() {
        // Given
        String longest = "k".repeat(512);

        // When
        Optional<ApiKey> atTheLimit = ApiKey.parse(longest);

        // Then
        assertThat(atTheLimit.map(ApiKey::reveal)).contains(longest);
        assertThat(ApiKey.parse(longest + "k")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"!", "~", "a", "a,b", "a=b", "a:b"})
    void takesEveryVisibleAsciiCharacterButQuotes(String text) {
        // Given the text

        // When
        Optional<ApiKey> key = ApiKey.parse(text);

        // Then
        assertThat(key.map(ApiKey::reveal)).contains(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\"quoted\"",
                "'quoted'",
                " ",
                "a b",
                "a\tb",
                "a\nb",
                "a\rb",
                "a\0b",
                "a\u007fb",
                "a\u00e9b",
                "a\u2028b",
                " a",
                "a "
            })
    void refusesTextThatNoKeyHas(String text) {
        // Given the text

        // When
        Optional<ApiKey> key = ApiKey.parse(text);

        // Then
        assertThat(key).isEmpty();
    }

    @Test
    void equalsAKeyOfTheSameTextAndNoOther() {
        // Given
        ApiKey key = ApiKey.parse(TEXT).orElseThrow();

        // When
        ApiKey same = ApiKey.parse(TEXT).orElseThrow();

        // Then
        assertThat(same).isEqualTo(key).hasSameHashCodeAs(key);
        assertThat(ApiKey.parse(TEXT.toUpperCase(java.util.Locale.ROOT)).orElseThrow())
                .isNotEqualTo(key);
        assertThat((Object) key).isNotEqualTo(TEXT);
    }
}

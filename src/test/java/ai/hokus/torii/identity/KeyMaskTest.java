package ai.hokus.torii.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyMaskTest {

    private static final String SECRET = "TestOnly0aZ9kQ2mX7pL4vB8TestOnly";
    private static final String KEY = "hk_test_" + SECRET;

    private static String escaped(String text, String percent) {
        StringBuilder out = new StringBuilder();
        text.chars().forEach(c -> out.append(percent).append(Integer.toHexString(c)));
        return out.toString();
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }

    static Stream<String> writings() {
        Stream<String> plain = Stream.of(
                KEY,
                KEY.toUpperCase(Locale.ROOT),
                KEY.replace("_", "%5F"),
                KEY.replace("_", "%255f"),
                "%68" + KEY.substring(1),
                "h%4B" + KEY.substring(2),
                escaped("hk_", "%") + KEY.substring(3),
                escaped("hk_", "%2525") + KEY.substring(3),
                KEY.replace("Test", "T-e.s+t~"));
        // The key stands behind a user's name of any length.
        Stream<String> encoded = IntStream.range(0, 6).mapToObj(i -> base64("user:".repeat(i) + KEY));
        Stream<String> behind = IntStream.range(0, 256).mapToObj(i -> base64("u".repeat(i % 5) + (char) (i / 2) + KEY));
        return Stream.of(plain, encoded, behind).flatMap(all -> all);
    }

    @ParameterizedTest
    @MethodSource("writings")
    void takesAKeyOutHoweverItIsWritten(String written) {
        for (String around : new String[] {"", "/", "?key=", " ", "\n", "x"}) {
            // When
            String masked = KeyMask.masked(around + written + around);

            // Then
            assertThat(masked).contains("[key]");
            String decoded = written.startsWith("hk") ? SECRET : written.substring(written.length() - 30);
            for (int i = 0; i + 8 <= decoded.length(); i++) {
                assertThat(masked).doesNotContain(decoded.substring(i, i + 8));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/api/mlflow/api/2.0/mlflow/runs/log-batch",
                "/api/2.0/mlflow-artifacts/artifacts/1/0af7651916cd43dd8448eb211c80319c/artifacts/checkpoint_1/hk",
                "/chunk_1/bulk/task1/%E4%BD%A0",
                "HK",
                "whrX"
            })
    void leavesOtherTextsAsTheyAre(String text) {
        assertThat(KeyMask.masked(text)).isEqualTo(text);
    }

    @Test
    void findsEightCharactersInARowThatACredentialShows() {
        for (int length = 1; length <= 16; length++) {
            for (int from = 0; from + length <= SECRET.length(); from++) {
                for (int before = 0; before < 6; before++) {
                    // Given
                    String text = "!".repeat(before) + SECRET.substring(from, from + length) + "!!!";

                    // Then
                    assertThat(KeyMask.isTold("Bearer " + KEY, text, 0, text.length()))
                            .as("%s", text)
                            .isEqualTo(length >= 8);
                }
            }
        }
        assertThat(KeyMask.isTold(null, SECRET, 0, 8)).isFalse();
    }
}

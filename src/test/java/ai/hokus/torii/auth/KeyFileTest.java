package ai.hokus.torii.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.torii.auth.KeyFile.InvalidKeyFileException;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.identity.ApiKey;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFileTest {

    private static final String DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    @Test
    void refusesTwoEntriesForOneKey() {
        // Given an entry that was revoked, and a copy that was not
        KeyFile twins = new KeyFile(List.of(key("k-1", "", "ada", Set.of()), twin("k-2")));

        // When
        String text = new String(twins.bytes(), StandardCharsets.UTF_8);

        // Then
        assertThatThrownBy(() -> KeyFile.parse(text))
                .hasMessage("keys[1] has the same sha256 as keys[0]; remove one of them");
    }

    private static Key twin(String keyId) {
        Key first = key("k-1", "", "ada", Set.of());
        return new Key(
                keyId,
                "",
                first.sha256(),
                "ada",
                Set.of(),
                OptionalLong.empty(),
                first.createdAt(),
                Optional.empty(),
                Optional.empty());
    }

    private static Key key(String keyId, String name, String user, Set<String> scopes) {
        return new Key(
                keyId,
                name,
                keyId.equals("k-1")
                        ? DIGEST
                        : KeyFile.digest(ApiKey.parse("hk_live_" + keyId).orElseThrow()),
                user,
                scopes,
                OptionalLong.empty(),
                Instant.parse("2026-11-22T00:00:00Z"),
                Optional.empty(),
                Optional.empty());
    }

    @Test
    void readsBackWhatItWrites() throws Exception {
        // Given
        Key full = new Key(
                "k-1",
                "laptop: \"A\" # 1\n- x",
                DIGEST,
                "ada",
                new LinkedHashSet<>(List.of("mlflow:write", "model:read")),
                OptionalLong.of(5_000_000_000L),
                Instant.parse("2026-11-22T01:02:03.456789Z"),
                Optional.of(Instant.parse("2027-01-31T00:00:00Z")),
                Optional.of(Instant.parse("2026-12-24T18:00:00Z")));
        KeyFile written =
                new KeyFile(List.of(full, key("0123", "null", "yes", Set.of()), key("1e3", "", "é", Set.of("1"))));

        // When
        KeyFile read = KeyFile.parse(new String(written.bytes(), StandardCharsets.UTF_8));

        // Then
        assertThat(read).isEqualTo(written);
        assertThat(read.keys().get(0).scopes()).containsExactly("mlflow:write", "model:read");
    }

    @Test
    void isReadableByAPerson() {
        // Given
        KeyFile file = new KeyFile(List.of(key("k-1", "laptop", "ada", Set.of("mlflow:write"))));

        // When
        String text = new String(file.bytes(), StandardCharsets.UTF_8);

        // Then
        assertThat(text).isEqualTo("""
                # Keys of Torii's embedded key store: digests only. Edit it with `torii keys`. The last line says that it is whole.
                keys:
                - key_id: k-1
                  name: laptop
                  sha256: %s
                  user_id: ada
                  scopes:
                  - mlflow:write
                  created_at: '2026-11-22T00:00:00Z'
                # end of keys
                """.formatted(DIGEST));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "# nothing\n", "---\n", "keys: []\n"})
    void holdsNoKeysWhereNoneAreWritten(String text) throws Exception {
        // Given the text

        // When
        KeyFile file = KeyFile.parse(text);

        // Then
        assertThat(file.keys()).isEmpty();
    }

    @Test
    void takesTheLeastThatMakesAKey() throws Exception {
        // Given
        String text = "keys:\n- {key_id: k-1, sha256: '" + DIGEST + "', expires_at: 2027-01-31}\n";

        // When
        KeyFile file = KeyFile.parse(text);

        // Then
        assertThat(file.keys())
                .containsExactly(new Key(
                        "k-1",
                        "",
                        DIGEST,
                        "",
                        Set.of(),
                        OptionalLong.empty(),
                        Instant.EPOCH,
                        Optional.of(Instant.parse("2027-01-31T00:00:00Z")),
                        Optional.empty()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "keys: [ | is no YAML: line 1: expected the node content, but found '<stream end>'",
                "- a | must hold one list named 'keys'",
                "text | must hold one list named 'keys'",
                "key: [] | must hold one list named 'keys'",
                "keys: | must hold one list named 'keys'",
                "keys: {} | must hold one list named 'keys'",
                "keys: [a] | keys[0] must be a map"
            })
    void saysWhatADocumentLacks(String text, String message) {
        // Given the text

        // When
        var failure = catchThrowableOfType(InvalidKeyFileException.class, () -> KeyFile.parse(text));

        // Then
        assertThat(failure).hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sha256: abc | sha256 must be 64 hexadecimal digits in lower case, in quotes",
                "name: x | sha256 must be 64 hexadecimal digits in lower case, in quotes",
                "sha256: UPPER | sha256 must be 64 hexadecimal digits in lower case, in quotes",
                "key_id: ' ', sha256: DIGEST | key_id is missing",
                "key_id:, sha256: DIGEST | key_id is missing",
                "key_id: k, sha256: DIGEST, scopes: admin | scopes must be a list",
                "key_id: k, sha256: DIGEST, rate_limit_per_hour: 0 |"
                        + " rate_limit_per_hour must be a whole number above 0, but is '0'",
                "key_id: k, sha256: DIGEST, rate_limit_per_hour: many |"
                        + " rate_limit_per_hour must be a whole number above 0, but is 'many'",
                "key_id: k, sha256: DIGEST, rate_limit_per_hour: 1.5 |"
                        + " rate_limit_per_hour must be a whole number above 0, but is '1.5'",
                "key_id: k, sha256: DIGEST, rate_limit_per_hour: 36893488147419103233 |"
                        + " rate_limit_per_hour must be a whole number above 0, but is '36893488147419103233'",
                "key_id: k, sha256: DIGEST, expires_at: soon |"
                        + " expires_at must be a time like 2027-01-31T00:00:00Z, but is 'soon'",
                "key_id: k, sha256: DIGEST, revoked_at: true |"
                        + " revoked_at must be a time like 2027-01-31T00:00:00Z, but is 'true'"
            })
    void saysWhichFieldOfWhichEntryIsWrong(String fields, String message) {
        // Given
        String good = "{key_id: good, sha256: '" + DIGEST + "'}";
        String bad = "{"
                + fields.replace("DIGEST", "'" + DIGEST + "'")
                        .replace("UPPER", "'" + DIGEST.toUpperCase(java.util.Locale.ROOT) + "'")
                + "}";

        // When
        var failure = catchThrowableOfType(
                InvalidKeyFileException.class, () -> KeyFile.parse("keys:\n- " + good + "\n- " + bad));

        // Then
        assertThat(failure).hasMessage("keys[1]." + message);
    }

    @Test
    void refusesAFieldItDoesNotKnowBecauseItMightBeAMisspeltExpiry() {
        // Given
        String text = "keys:\n- {key_id: k, sha256: '" + DIGEST + "', expires: 2027-01-31}\n";

        // When
        var failure = catchThrowableOfType(InvalidKeyFileException.class, () -> KeyFile.parse(text));

        // Then
        assertThat(failure)
                .message()
                .startsWith("keys[0].expires is no field; known are [")
                .contains("expires_at");
    }

    @Test
    void takesNoPartOfADocumentThatNamesItsEnd() throws Exception {
        // Given
        String text = new KeyFile(List.of(key("k-1", "laptop", "ada", Set.of("mlflow:write")))).render();
        int firstLine = text.indexOf('\n') + 1;

        for (int length = firstLine; length < text.length(); length++) {
            String part = text.substring(0, length);

            // When
            var failure = catchThrowableOfType(InvalidKeyFileException.class, () -> KeyFile.parse(part));

            // Then
            assertThat(failure).as(part).hasMessageStartingWith("must end with the line '# end of keys'");
        }
    }

    @Test
    void findsAKeyByTheSha256OfItsText() {
        // Given
        ApiKey key = ApiKey.parse("test").orElseThrow();

        // When
        String digest = KeyFile.digest(key);

        // Then
        assertThat(digest).isEqualTo(DIGEST);
    }
}

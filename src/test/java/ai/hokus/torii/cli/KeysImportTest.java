package ai.hokus.torii.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.auth.KeyFile;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.identity.ApiKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code torii keys import}: keys from elsewhere, all or none, and no word of them in any message. */
class KeysImportTest {

    private static final String SECRET = "aZ9kQ2mX7pL4vB8nC1dF6gH3jK5rT0wY";
    private static final String KEY = "hk_live_" + SECRET;
    private static final String DIGEST = KeyFile.digest(ApiKey.parse(KEY).orElseThrow());
    private static final String OTHER_DIGEST = "0123456789abcdef".repeat(4);

    @TempDir
    private Path folder;

    private final CapturedOutput console = new CapturedOutput();

    @AfterEach
    void releases() {
        console.close();
    }

    private Path file() {
        return folder.resolve("keys.yaml");
    }

    private List<Key> stored() throws Exception {
        return new KeyStore(file()).read().keys();
    }

    private int importing(String... more) {
        List<String> arguments = new ArrayList<>(List.of("keys", "import", "--file", file().toString()));
        arguments.addAll(List.of(more));
        return console.run(arguments.toArray(String[]::new));
    }

    @Test
    void keepsTheDigestsOfTheKeysThatStandardInputHolds() throws Exception {
        // Given
        console.types("keys:\n- {key: " + KEY + ", user_id: ada, scopes: ['mlflow:read'], rate_limit_per_hour: 10,"
                + " created_at: 2024-01-01, expires_at: '2099-01-01T00:00:00Z', name: laptop, key_id: old-7}\n"
                + "- {sha256: '" + OTHER_DIGEST + "', user_id: bob}\n");
        Instant before = Instant.now();

        // When
        int exitCode = importing();

        // Then
        assertThat(console.complained()).isEmpty();
        assertThat(exitCode).isZero();
        assertThat(console.printed()).isEqualToIgnoringNewLines("imported 2 keys");
        assertThat(stored().get(0))
                .isEqualTo(new Key(
                        "old-7",
                        "laptop",
                        DIGEST,
                        "ada",
                        Set.of("mlflow:read"),
                        OptionalLong.of(10),
                        Instant.parse("2024-01-01T00:00:00Z"),
                        Optional.of(Instant.parse("2099-01-01T00:00:00Z")),
                        Optional.empty()));
        assertThat(stored().get(1).keyId()).matches("[0-9a-f-]{36}");
        assertThat(stored().get(1).sha256()).isEqualTo(OTHER_DIGEST);
        assertThat(stored().get(1).createdAt()).isBetween(before, Instant.now());
        assertThat(Files.readString(file())).doesNotContain(SECRET.substring(0, 8));
    }

    @Test
    void takesJsonFromAFileAndAddsItToWhatIsThere() throws Exception {
        // Given
        console.run("keys", "create", "-f", file().toString(), "--user", "eve");
        Path from = Files.writeString(
                folder.resolve("from.json"),
                "{\n\t\"keys\": [\n\t\t{\"key\": \"" + KEY
                        + "\", \"user_id\": \"a\\/\\\\/1\", \"key_id\": null}\n\t]\n}\n");

        // When
        int exitCode = importing("--from", from.toString());

        // Then
        assertThat(console.complained()).isEmpty();
        assertThat(exitCode).isZero();
        assertThat(console.printed()).isEqualToIgnoringNewLines("imported 1 key");
        assertThat(stored()).extracting(Key::userId).containsExactly("eve", "a/\\/1");
        assertThat(stored().get(1).sha256()).isEqualTo(DIGEST);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{user_id: ada} | keys[1] must have one of 'key' and 'sha256'",
                "{key: KEY, sha256: 'DIGEST'} | keys[1] must have one of 'key' and 'sha256'",
                "{key: 1234567} | keys[1].key must be text of at most 512 visible ASCII characters, without blanks and"
                        + " quotes",
                "{key: 'KEY KEY'} | keys[1].key must be text of at most 512 visible ASCII characters, without blanks and"
                        + " quotes",
                "{key: KEY, name: KEY} | keys[1] has the key in another field too, which is kept",
                "{key: KEY, user_id: 'ada KEY'} | keys[1] has the key in another field too, which is kept",
                "{key: KEY, scopes: [KEY]} | keys[1] has the key in another field too, which is kept",
                "{key: KEY, rate_limit_per_hour: KEY2} | keys[1].rate_limit_per_hour must be a whole number above 0",
                "{key: KEY, expires_at: KEY2} | keys[1].expires_at must be a time like 2027-01-31T00:00:00Z",
                "{key: KEY, scopes: KEY2} | keys[1].scopes must be a list",
                "{sha256: KEY} | keys[1].sha256 must be 64 hexadecimal digits in lower case, in quotes",
                "{key: KEY, key_id: ' '} | keys[1].key_id is missing",
                "KEY | keys[1] must be a map",
                "{key: good-0123456789} | keys[1] has the same sha256 as keys[0]; remove one of them",
                "{key: KEY, key_id: good} | keys[1] has the same key_id as keys[0]; remove one of them",
                "{key: KEY, key: KEY} | is no YAML: line 3",
                "[KEY | is no YAML: line 4",
                "*KEY | is no YAML: line 3",
                "!KEY x | is no YAML: line 3"
            })
    void namesAnInvalidEntryWithoutQuotingItAndImportsNothing(String entry, String complaint) {
        // Given
        console.types("keys:\n- {key: good-0123456789, key_id: good}\n- "
                + entry.replace("KEY2", "hk_live_" + new StringBuilder(SECRET).reverse())
                        .replace("KEY", KEY)
                        .replace("DIGEST", DIGEST)
                + "\n");

        // When
        int exitCode = importing();

        // Then
        assertThat(exitCode).isEqualTo(1);
        assertThat(console.complained())
                .isEqualToIgnoringNewLines("torii keys: standard input " + complaint + "; nothing was imported")
                .doesNotContain(SECRET.substring(0, 8));
        assertThat(console.printed()).isEmpty();
        assertThat(file()).doesNotExist();
    }

    @Test
    void doesNotQuoteAFieldItDoesNotKnowBecauseItMayBeAKey() {
        // Given
        console.types("keys: [{" + KEY + ": ada}]");

        // When
        int exitCode = importing();

        // Then
        assertThat(exitCode).isEqualTo(1);
        assertThat(console.complained())
                .startsWith("torii keys: standard input keys[0] has a field that is none; known are [")
                .doesNotContain(SECRET.substring(0, 8));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{key: KEY, key_id: new} | keys[1] is already there: it is the key of key_id 'there'",
                "{key: another-0123456789, key_id: there} | keys[1].key_id 'there' is already there"
            })
    void importsNothingWhenAKeyOrItsIdIsAlreadyThere(String entry, String complaint) throws Exception {
        // Given
        console.types("keys: [{key: " + KEY + ", key_id: there, revoked_at: 2024-01-01}]");
        importing();
        String before = Files.readString(file());
        console.types("keys:\n- {key: good-0123456789}\n- " + entry.replace("KEY", KEY) + "\n");

        // When
        int exitCode = importing();

        // Then
        assertThat(exitCode).isEqualTo(1);
        assertThat(console.complained())
                .isEqualToIgnoringNewLines("torii keys: " + complaint + "; nothing was imported");
        assertThat(file()).hasContent(before);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`` | holds no keys",
                "keys: [] | holds no keys",
                "[] | must hold one list named 'keys'",
                "keys: 1 | must hold one list named 'keys'"
            })
    void saysWhenThereIsNothingToImport(String text, String complaint) {
        // Given
        console.types(text);

        // When
        int exitCode = importing();

        // Then
        assertThat(exitCode).isEqualTo(1);
        assertThat(console.complained())
                .isEqualToIgnoringNewLines("torii keys: standard input " + complaint + "; nothing was imported");
    }

    @Test
    void saysWhichFileIsNotThere() {
        // Given
        Path from = folder.resolve("nowhere.yaml");

        // When
        int exitCode = importing("--from", from.toString());

        // Then
        assertThat(exitCode).isEqualTo(1);
        assertThat(console.complained()).isEqualToIgnoringNewLines("torii keys: NoSuchFileException: " + from);
    }
}

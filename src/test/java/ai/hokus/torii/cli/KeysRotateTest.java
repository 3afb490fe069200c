package ai.hokus.torii.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.auth.KeyFile;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.identity.ApiKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code torii keys rotate}: one key after another, and both for a while. */
class KeysRotateTest {

    private static final Instant LONG_AGO = Instant.parse("2020-01-01T00:00:00Z");
    private static final Instant FAR = Instant.parse("2099-01-01T00:00:00Z");

    @TempDir
    private Path folder;

    private final CapturedOutput console = new CapturedOutput();

    @AfterEach
    void releases() {
        console.close();
    }

    private KeyStore store() {
        return new KeyStore(folder.resolve("keys.yaml"));
    }

    private int rotate(String... more) {
        String[] arguments = new String[4 + more.length];
        List<String> first =
                List.of("keys", "rotate", "--file", folder.resolve("keys.yaml").toString());
        System.arraycopy(first.toArray(), 0, arguments, 0, 4);
        System.arraycopy(more, 0, arguments, 4, more.length);
        return console.run(arguments);
    }

    private static Key entry(String id, Instant expires, Instant revoked) {
        return new Key(
                id,
                "laptop",
                "0".repeat(64 - id.length()) + id.replaceAll("[^0-9a-f]", "0"),
                "ada",
                Set.of("mlflow:read", "model:read"),
                OptionalLong.of(1000),
                LONG_AGO,
                Optional.ofNullable(expires),
                Optional.ofNullable(revoked));
    }

    @Test
    void makesAKeyLikeTheOldOneAndLetsThatOneEndAfterADay() throws Exception {
        // Given
        Key bystander = entry("b", null, null);
        store().addAll(List.of(entry("a", FAR, null), bystander));
        Instant before = Instant.now();

        // When
        int exitCode = rotate("a");

        // Then
        assertThat(exitCode).isZero();
        assertThat(console.printed()).matches("hk_live_[A-Za-z0-9]{32}\\R");
        List<Key> keys = store().read().keys();
        assertThat(keys).hasSize(3).contains(bystander);
        Key made = keys.get(2);
        assertThat(console.complained())
                .isEqualToIgnoringNewLines("key_id " + made.keyId() + "; the key is shown once, keep it:");
        assertThat(made.sha256())
                .isEqualTo(KeyFile.digest(ApiKey.parse(console.printed().trim()).orElseThrow()));
        assertThat(made)
                .usingRecursiveComparison()
                .ignoringFields("keyId", "sha256", "createdAt")
                .isEqualTo(entry("a", FAR, null));
        assertThat(made.createdAt()).isBetween(before, Instant.now());
        assertThat(keys.get(0)).isEqualTo(entry("a", made.createdAt().plus(Duration.ofHours(24)), null));
    }

    @Test
    void neverLetsTheOldKeyLiveLongerThanItWouldHave() throws Exception {
        // Given
        Instant soon = Instant.now().plusSeconds(3600);
        store().add(entry("a", soon, null));

        // When
        rotate("a", "--overlap", "7d", "--expires", "2098-01-01");

        // Then
        assertThat(store().read().keys())
                .extracting(Key::expiresAt)
                .containsExactly(Optional.of(soon), Optional.of(Instant.parse("2098-01-01T00:00:00Z")));
    }

    @Test
    void endsTheOldKeyAtOnceWithoutAnOverlap() throws Exception {
        // Given
        store().add(entry("a", null, null));

        // When
        rotate("a", "--overlap", "0s");

        // Then
        Instant now = Instant.now();
        assertThat(store().read().keys())
                .extracting(key -> KeyState.of(key, now))
                .containsExactly(KeyState.EXPIRED, KeyState.ACTIVE);
        assertThat(store().read().keys().get(1).expiresAt()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "unknown | torii keys: no key has key_id 'unknown'",
                "revoked | torii keys: key_id 'revoked' is revoked and has no successor; make a new key: torii keys create",
                "expired | torii keys: key_id 'expired' is expired and has no successor; make a new key: torii keys create"
            })
    void makesNoKeyAfterOneThatIsNotGood(String id, String complaint) throws Exception {
        // Given
        store().addAll(List.of(entry("revoked", FAR, LONG_AGO), entry("expired", LONG_AGO, null)));
        String before = Files.readString(folder.resolve("keys.yaml"));

        // When
        int exitCode = rotate(id);

        // Then
        assertThat(exitCode).isEqualTo(1);
        assertThat(console.complained()).isEqualToIgnoringNewLines(complaint);
        assertThat(console.printed()).isEmpty();
        assertThat(folder.resolve("keys.yaml")).hasContent(before);
    }
}

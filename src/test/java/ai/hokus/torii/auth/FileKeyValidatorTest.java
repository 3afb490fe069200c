package ai.hokus.torii.auth;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.hokus.torii.auth.KeyFile.InvalidKeyFileException;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.identity.ApiKey;
import ai.hokus.torii.identity.Principal;
import ai.hokus.torii.support.LoggedErrors;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(VertxExtension.class)
class FileKeyValidatorTest {

    private static final ApiKey KEY =
            ApiKey.parse("hk_test_0123456789abcdefghijklmnopqrstuv").orElseThrow();
    private static final ApiKey OTHER = ApiKey.parse("hk_live_another").orElseThrow();
    private static final Instant NOW = Instant.parse("2026-11-22T00:00:00Z");

    @TempDir
    private Path folder;

    private final BlockingQueue<String> changes = new LinkedBlockingQueue<>();
    private final List<FileKeyValidator> running = new ArrayList<>();

    @AfterEach
    void stops() {
        running.forEach(FileKeyValidator::stop);
    }

    private static Key entry(ApiKey key, Instant expiresAt, Instant revokedAt) {
        return new Key(
                key.equals(KEY) ? "k-1" : "k-2",
                "laptop",
                KeyFile.digest(key),
                "ada",
                Set.of("mlflow:write"),
                OptionalLong.of(1000),
                NOW.minusSeconds(60),
                Optional.ofNullable(expiresAt),
                Optional.ofNullable(revokedAt));
    }

    private Path file() {
        return folder.resolve("keys.yaml");
    }

    /** Replaces the file in one step, as {@code torii keys} does. */
    private void write(byte[] bytes) throws Exception {
        Files.move(Files.write(folder.resolve("next"), bytes), file(), StandardCopyOption.ATOMIC_MOVE);
    }

    private void write(Key... keys) throws Exception {
        write(new KeyFile(List.of(keys)).bytes());
    }

    private FileKeyValidator validator(Vertx vertx, Runnable onChange) {
        AuthConfig.KeyFile config = new AuthConfig.KeyFile(file(), Duration.ofMillis(10));
        running.add(new FileKeyValidator(vertx, config, Clock.fixed(NOW, ZoneOffset.UTC), onChange));
        return running.get(running.size() - 1);
    }

    private FileKeyValidator started(Vertx vertx) throws Exception {
        FileKeyValidator validator = validator(vertx, () -> changes.add("change"));
        validator.start().await(5, SECONDS);
        assertThat(changes.poll(5, SECONDS)).isEqualTo("change");
        return validator;
    }

    private static Verdict verdict(KeyValidator validator, ApiKey key) throws Exception {
        KeyValidator.Answer answer =
                validator.validate(new Inquiry(key, "10.0.0.9", true)).await(5, SECONDS);
        assertThat(answer.source()).isEqualTo(VerdictSource.CALL);
        return answer.verdict();
    }

    @Test
    void acceptsAKeyOfTheFile(Vertx vertx) throws Exception {
        // Given
        write(entry(KEY, NOW.plusSeconds(1), null));
        FileKeyValidator validator = started(vertx);

        // When
        Verdict verdict = verdict(validator, KEY);

        // Then
        assertThat(verdict)
                .isEqualTo(new Accepted(new Principal(
                        "k-1",
                        "ada",
                        Set.of("mlflow:write"),
                        Set.of(),
                        OptionalLong.of(1000),
                        Optional.of(NOW.plusSeconds(1)))));
    }

    @Test
    void refusesAKeyThatIsNotInTheFile(Vertx vertx) throws Exception {
        // Given
        write(entry(KEY, null, null));
        FileKeyValidator validator = started(vertx);

        // When
        Verdict verdict = verdict(validator, OTHER);

        // Then
        assertThat(verdict.outcome()).isEqualTo("key_refused");
    }

    @ParameterizedTest
    @CsvSource({
        ", , accepted",
        "1, , accepted",
        "0, , key_refused",
        "-1, , key_refused",
        ", -1, key_refused",
        ", 0, key_refused",
        ", 3600, key_refused",
        "3600, -1, key_refused"
    })
    void refusesAKeyFromItsExpiryOnAndARevokedOneWheneverThatWas(
            Long expires, Long revoked, String outcome, Vertx vertx) throws Exception {
        // Given
        write(entry(
                KEY,
                expires == null ? null : NOW.plusSeconds(expires),
                revoked == null ? null : NOW.plusSeconds(revoked)));
        FileKeyValidator validator = started(vertx);

        // When
        Verdict verdict = verdict(validator, KEY);

        // Then
        assertThat(verdict.outcome()).isEqualTo(outcome);
    }

    @Test
    void takesOverAChangedFileAndSaysSo(Vertx vertx) throws Exception {
        // Given
        write(entry(KEY, null, null));
        FileKeyValidator validator = started(vertx);
        String before = verdict(validator, KEY).outcome();

        // When
        write(entry(KEY, null, NOW), entry(OTHER, null, null));

        // Then
        assertThat(changes.poll(5, SECONDS)).isEqualTo("change");
        assertThat(before).isEqualTo("accepted");
        assertThat(verdict(validator, KEY).outcome()).isEqualTo("key_refused");
        assertThat(verdict(validator, OTHER).outcome()).isEqualTo("accepted");
    }

    @Test
    void keepsTheLastGoodFileWhenTheNewOneIsBadAndTakesTheNextGoodOne(Vertx vertx) throws Exception {
        // Given
        write(entry(KEY, null, null));
        FileKeyValidator validator = started(vertx);
        LoggedErrors complaints = LoggedErrors.of(FileKeyValidator.class);

        // When
        write("keys:\n- {key_id: k-1, sha256: abc}\n".getBytes(StandardCharsets.UTF_8));

        // Then
        assertThat(complaints.next())
                .isEqualTo("the key file is not taken over, the last good one stays:"
                        + " keys[0].sha256 must be 64 hexadecimal digits in lower case, in quotes");
        assertThat(verdict(validator, KEY).outcome()).isEqualTo("accepted");
        assertThat(changes).isEmpty();
        write(entry(OTHER, null, null));
        assertThat(changes.poll(5, SECONDS)).isEqualTo("change");
        assertThat(verdict(validator, KEY).outcome()).isEqualTo("key_refused");
        assertThat(complaints.isEmpty())
                .as("no further complaint about the same bad file")
                .isTrue();
        complaints.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# Keys of Torii's emb", "---\n\n"})
    void keepsTheLastGoodFileWhenTheNewOneHoldsNothing(String text, Vertx vertx) throws Exception {
        // Given
        write(entry(KEY, null, null));
        FileKeyValidator validator = started(vertx);
        LoggedErrors complaints = LoggedErrors.of(FileKeyValidator.class);

        // When
        write(text.getBytes(StandardCharsets.UTF_8));

        // Then
        assertThat(complaints.next())
                .isEqualTo("the key file is not taken over, the last good one stays:"
                        + " holds nothing; to take all keys back, write 'keys: []'");
        assertThat(verdict(validator, KEY).outcome()).isEqualTo("accepted");
        write("{\"keys\": []}".getBytes(StandardCharsets.UTF_8));
        assertThat(changes.poll(5, SECONDS)).isEqualTo("change");
        assertThat(verdict(validator, KEY).outcome()).isEqualTo("key_refused");
        complaints.close();
    }

    @Test
    void startsWithNoBadFile(Vertx vertx) throws Exception {
        // Given
        write("keys: none".getBytes(StandardCharsets.UTF_8));

        // When
        Throwable failure = catchThrowable(
                () -> validator(vertx, () -> changes.add("change")).start().await(5, SECONDS));

        // Then
        assertThat(failure).isInstanceOf(InvalidKeyFileException.class).hasMessage("must hold one list named 'keys'");
        assertThat(changes).isEmpty();
    }

    @Test
    void startsWithNoMissingFile(Vertx vertx) {
        // Given no file

        // When
        Throwable failure =
                catchThrowable(() -> validator(vertx, () -> {}).start().await(5, SECONDS));

        // Then
        assertThat(failure).hasRootCauseInstanceOf(java.nio.file.NoSuchFileException.class);
    }

    @Test
    void looksNoMoreOnceItIsStoppedEvenInTheMiddleOfALook(Vertx vertx) throws Exception {
        // Given
        write(entry(KEY, null, null));
        AtomicInteger seen = new AtomicInteger();
        FileKeyValidator[] stopping = new FileKeyValidator[1];
        stopping[0] = validator(vertx, () -> {
            if (seen.incrementAndGet() == 2) {
                stopping[0].stop();
                changes.add("stopped");
            }
        });
        stopping[0].start().await(5, SECONDS);
        write(entry(KEY, null, NOW));
        assertThat(changes.poll(5, SECONDS)).isEqualTo("stopped");
        FileKeyValidator witness = started(vertx);

        // When
        for (int i = 0; i < 5; i++) {
            write(entry(KEY, null, NOW.plusSeconds(i)), entry(OTHER, i % 2 == 0 ? NOW : null, null));
            assertThat(changes.poll(5, SECONDS)).isEqualTo("change");
        }

        // Then
        assertThat(seen).hasValue(2);
    }
}

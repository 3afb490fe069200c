package ai.hokus.torii.auth;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.auth.Verdict.Refusal;
import ai.hokus.torii.auth.Verdict.Rejected;
import ai.hokus.torii.auth.VerdictMemory.Ask;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.identity.Principal;
import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The memory as such: bounded, forgetful on order. */
class VerdictMemoryTest {

    private static final Rejected REFUSED = new Rejected(Refusal.REFUSED);

    private final VerdictMemory memory = new VerdictMemory(
            new AuthConfig.Cache(
                    Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ZERO, 100, 50),
            Duration.ofSeconds(7),
            Ticker.disabledTicker(),
            Clock.systemUTC());

    private static KeyHash hash(long number) {
        return new KeyHash(number, 0, 0, 0);
    }

    private static Verdict accepted(String keyId) {
        return new Accepted(new Principal(keyId, "ada", Set.of(), Set.of(), OptionalLong.empty(), Optional.empty()));
    }

    @Test
    void holdsNoMoreVerdictsOfEitherKindThanItMay() {
        // Given
        for (int i = 0; i < 1000; i++) {
            memory.remember(hash(i), accepted("id"), memory.ask());
        }

        // When
        for (int i = 1000; i < 3000; i++) {
            memory.remember(hash(i), REFUSED, memory.ask());
        }

        // Then
        assertThat(memory.acceptances()).isBetween(1L, 100L);
        assertThat(memory.refusals()).isBetween(1L, 50L);
    }

    @Test
    void tellsWhatItKnowsOfAKeyByItsName() {
        // Given
        memory.remember(hash(1), accepted("other"), memory.ask());
        memory.remember(hash(2), accepted("id"), memory.ask());
        memory.remember(hash(3), REFUSED, memory.ask());

        // Then
        assertThat(memory.known("id")).hasValue(new KeyValidator.Answer(accepted("id"), VerdictSource.CACHE));
        assertThat(memory.known("unheard-of")).isEmpty();

        // When
        memory.revoke("id");

        // Then
        assertThat(memory.known("id")).isEmpty();
        assertThat(memory.known("other")).isPresent();
    }

    @Test
    void losesNoAcceptanceToAnyNumberOfRefusals() {
        // Given
        for (int i = 0; i < 100; i++) {
            memory.remember(hash(i), accepted("id"), memory.ask());
        }

        // When
        for (int i = 1000; i < 101_000; i++) {
            memory.remember(hash(i), REFUSED, memory.ask());
        }

        // Then
        for (int i = 0; i < 100; i++) {
            assertThat(memory.find(hash(i))).isNotNull();
        }
    }

    @Test
    void believesOfARevokedKeyOnlyWhatWasAskedForAfterwards() {
        // Given
        Ask before = memory.ask();
        memory.remember(hash(1), accepted("mine"), before);
        memory.remember(hash(2), accepted("another"), before);

        // When
        memory.revoke("mine");

        // Then
        assertThat(memory.find(hash(1))).isNull();
        assertThat(memory.find(hash(2))).isNotNull();
        assertThat(memory.remember(hash(1), accepted("mine"), before)).isFalse();
        assertThat(memory.remember(hash(1), REFUSED, before)).isTrue();
        assertThat(memory.remember(hash(1), accepted("mine"), memory.ask())).isTrue();
        assertThat(memory.find(hash(1)).verdict()).isEqualTo(accepted("mine"));
    }

    @Test
    void believesNothingThatWasAskedForBeforeAPurge() {
        // Given
        Ask before = memory.ask();
        memory.remember(hash(1), accepted("mine"), before);
        memory.remember(hash(2), REFUSED, before);

        // When
        memory.purge();

        // Then
        assertThat(memory.find(hash(1))).isNull();
        assertThat(memory.find(hash(2))).isNull();
        assertThat(memory.remember(hash(2), REFUSED, before)).isFalse();
        assertThat(memory.acceptances() + memory.refusals()).isZero();
    }

    @Test
    void forgetsEverythingRatherThanARevocation() {
        // Given
        Ask before = memory.ask();
        memory.revoke("the first of many");

        // When
        for (int i = 0; i < 100_001; i++) {
            memory.revoke("id-" + i);
        }

        // Then
        assertThat(memory.remember(hash(1), accepted("the first of many"), before))
                .isFalse();
    }
}

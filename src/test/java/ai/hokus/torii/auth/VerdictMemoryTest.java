package ai.hokus.torii.auth;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.auth.CachingKeyValidator.Memory;
import ai.hokus.torii.auth.Verdict.Refusal;
import ai.hokus.torii.auth.Verdict.Rejected;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.identity.ApiKey;
import com.github.benmanes.caffeine.cache.Ticker;
import io.vertx.core.Future;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The memory as such: bounded, shared, and emptied at once. */
class VerdictMemoryTest {

    private static final KeyValidator DELEGATE =
            (key, clientIp) -> Future.succeededFuture(new KeyValidator.Answer(new Rejected(Refusal.REFUSED), false));

    private final Memory memory = new Memory(
            new AuthConfig.Cache(Duration.ofMinutes(1), Duration.ofMinutes(1), 100),
            Ticker.disabledTicker(),
            Clock.systemUTC());

    private boolean isCached(CachingKeyValidator validator, String key) throws Exception {
        return validator
                .validate(ApiKey.parse(key).orElseThrow(), "10.0.0.9")
                .await(5, SECONDS)
                .isCached();
    }

    @Test
    void servesTheValidatorsOfAllEventLoops() throws Exception {
        // Given
        isCached(new CachingKeyValidator(DELEGATE, memory), "a");

        // When
        boolean elsewhere = isCached(new CachingKeyValidator(DELEGATE, memory), "a");

        // Then
        assertThat(elsewhere).isTrue();
        assertThat(memory.size()).isEqualTo(1);
    }

    @Test
    void holdsNoMoreVerdictsThanItMay() throws Exception {
        // Given
        CachingKeyValidator validator = new CachingKeyValidator(DELEGATE, memory);

        // When
        for (int i = 0; i < 1000; i++) {
            isCached(validator, "key-" + i);
        }

        // Then
        assertThat(memory.size()).isBetween(1L, 100L);
    }
}

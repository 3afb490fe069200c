package ai.hokus.torii.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.RateLimitConfig;
import ai.hokus.torii.config.RateLimitConfig.Mode;
import ai.hokus.torii.identity.Principal;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class QuotaTest {

    private static final Map<String, Long> CLASSES = Map.of("batch", 5000L, "slow", 10L, "internal", 0L);
    private static final OptionalLong NOTHING = OptionalLong.empty();

    /** Verdict, scopes, classes, usual; then the limit (-1: none) and a word of who set it. */
    static Stream<Arguments> keys() {
        return Stream.of(
                Arguments.of(NOTHING, Set.of("batch"), Map.of(), 0, -1, ""),
                Arguments.of(NOTHING, Set.of("batch"), Map.of(), 7, 7, "ratelimit.per-hour"),
                Arguments.of(NOTHING, Set.of("batch"), CLASSES, 7, 5000, "ratelimit.classes"),
                Arguments.of(NOTHING, Set.of("slow"), CLASSES, 7, 10, "ratelimit.classes"),
                Arguments.of(NOTHING, Set.of("slow", "batch"), CLASSES, 7, 5000, "ratelimit.classes"),
                Arguments.of(NOTHING, Set.of("slow", "internal"), CLASSES, 7, -1, ""),
                Arguments.of(NOTHING, Set.of("other"), CLASSES, 7, 7, "ratelimit.per-hour"),
                Arguments.of(NOTHING, Set.of(), CLASSES, 0, -1, ""),
                Arguments.of(OptionalLong.of(42), Set.of(), Map.of(), 0, 42, "auth source"),
                Arguments.of(OptionalLong.of(Long.MAX_VALUE), Set.of(), Map.of(), 0, 1_000_000_000, "auth source"),
                Arguments.of(OptionalLong.of(42), Set.of("batch"), CLASSES, 7, 42, "auth source"),
                Arguments.of(OptionalLong.of(42), Set.of("internal"), CLASSES, 7, 42, "auth source"),
                Arguments.of(OptionalLong.of(0), Set.of("batch"), CLASSES, 7, 5000, "ratelimit.classes"),
                Arguments.of(OptionalLong.of(-5), Set.of(), CLASSES, 7, 7, "ratelimit.per-hour"));
    }

    @ParameterizedTest
    @MethodSource("keys")
    void isWhatTheVerdictSaysElseAClassElseTheUsual(
            OptionalLong verdict, Set<String> scopes, Map<String, Long> classes, long usual, long limit, String setBy) {
        // Given
        Quota.Finder finder =
                new Quota.Finder(new RateLimitConfig(Mode.ENFORCE, usual, classes, 0, 0, Optional.empty()));
        Principal principal = new Principal("id", "ada", scopes, Set.of(), verdict, Optional.empty());

        // When
        Quota quota = finder.of(principal);

        // Then
        assertThat(quota == null ? -1 : quota.perHour()).isEqualTo(limit);
        assertThat(quota == null ? "" : quota.setBy()).contains(setBy);
    }
}

package ai.hokus.torii.config;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Whom to ask about a key, how long the answer is believed, and how the auth service is spared.
 *
 * @param source exactly one: the auth service or a key file
 * @param cache how long verdicts live
 * @param unknownKeys how many keys nobody has vouched for may be asked about
 * @param breaker when the auth service is left alone
 */
public record AuthConfig(Source source, Cache cache, UnknownKeys unknownKeys, Breaker breaker) {

    /** Where verdicts come from. */
    public sealed interface Source permits AuthServiceConfig, KeyFile {}

    /**
     * A file of key digests.
     *
     * @param path the YAML file
     * @param reloadInterval how often it is looked at for a change
     */
    public record KeyFile(Path path, Duration reloadInterval) implements Source {}

    /**
     * How long a verdict is believed.
     *
     * @param ttl life of an acceptance; zero: every request asks
     * @param refusedTtl life of a refusal; zero: every request asks
     * @param staleReads how long beyond its life an acceptance serves reads while the auth service cannot answer;
     *     zero: not at all
     * @param staleWrites the same for everything that is no read
     * @param maxEntries largest number of acceptances held
     * @param maxRefusedEntries largest number of refusals held; they have a place of their own, so that no flood of bad
     *     keys pushes out a good one
     */
    public record Cache(
            Duration ttl,
            Duration refusedTtl,
            Duration staleReads,
            Duration staleWrites,
            long maxEntries,
            long maxRefusedEntries) {}

    /**
     * The budget of look-ups of keys that no remembered acceptance vouches for.
     *
     * @param rate look-ups a second in the long run; zero: no budget at all
     * @param burst look-ups at once after a quiet time
     * @param atOnce largest number of them under way
     */
    public record UnknownKeys(int rate, int burst, int atOnce) {}

    /**
     * The circuit breaker before the auth service.
     *
     * @param minCalls least number of calls in the window by which it may be judged
     * @param window over which failures are counted
     * @param failurePercent it opens at this share of failed calls
     * @param open how long nobody asks, then one call probes
     * @param ramp how long the way back to any number of calls takes once that call went well
     */
    public record Breaker(int minCalls, Duration window, int failurePercent, Duration open, Duration ramp) {}
}

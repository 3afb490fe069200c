package ai.hokus.torii.config;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * How often keys may ask, and how often an address may be refused.
 *
 * @param mode whether refusals are refusals
 * @param perHour requests an hour of a key for which nobody says anything else; 0: no limit
 * @param classes requests an hour by a scope the key holds, 0: no limit; the largest one counts
 * @param transfersPerKey artifact up- and downloads of a key at once; 0: no limit
 * @param refusedPerMinute refused requests a minute of an address; 0: no limit
 * @param redis where the replicas count together; empty: each counts for itself
 */
public record RateLimitConfig(
        Mode mode,
        long perHour,
        Map<String, Long> classes,
        int transfersPerKey,
        int refusedPerMinute,
        Optional<SharedStore> redis) {

    /** Copies the classes, so that a configuration never changes. */
    public RateLimitConfig {
        classes = Map.copyOf(classes);
    }

    /** Whether refusals are refusals. */
    public enum Mode {
        /** Nothing is counted. */
        OFF,
        /** They are logged and counted, and the call goes on. */
        REPORT,
        /** They are. */
        ENFORCE
    }

    /** Where the requests of a key are counted. */
    public enum Store {
        /** In each replica for itself. */
        LOCAL,
        /** For all replicas together. */
        REDIS
    }

    /**
     * The Redis that the replicas share.
     *
     * @param address with its credentials
     * @param timeout longest time a request waits for it
     */
    public record SharedStore(Secret address, Duration timeout) {}
}

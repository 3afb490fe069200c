package ai.hokus.torii.ratelimit;

import ai.hokus.torii.config.RateLimitConfig;
import ai.hokus.torii.identity.Principal;
import java.util.Map;

/**
 * How often a key may ask.
 *
 * @param perHour requests an hour in the long run, and at once after a quiet hour; above 0
 * @param setBy who says so, in words
 */
record Quota(long perHour, String setBy) {

    private static final double SECONDS = 3600;

    /** Nobody asks so often; a larger number, which an auth source may name, would not fit into Redis' integers. */
    private static final long MOST = 1_000_000_000;

    /** Takes a larger limit for a billion. */
    Quota {
        perHour = Math.min(perHour, MOST);
    }

    /** Tokens a second. */
    double perSecond() {
        return perHour / SECONDS;
    }

    /** Finds a key's quota. Immutable. */
    static final class Finder {

        private static final String AUTH_SOURCE = "the auth source for this key";

        private final Map<String, Long> classes;
        private final Quota usual;

        Finder(RateLimitConfig config) {
            this.classes = config.classes();
            this.usual = config.perHour() == 0
                    ? null
                    : new Quota(config.perHour(), "the operator of this gateway (ratelimit.per-hour)");
        }

        /** What the auth source says, else what a class says, else the usual; null: no limit. */
        Quota of(Principal principal) {
            if (principal.requestsPerHour().isPresent()
                    && principal.requestsPerHour().getAsLong() > 0) {
                return new Quota(principal.requestsPerHour().getAsLong(), AUTH_SOURCE);
            }
            return classes.isEmpty() ? usual : ofClass(principal);
        }

        private Quota ofClass(Principal principal) {
            long largest = -1;
            for (Map.Entry<String, Long> limit : classes.entrySet()) {
                if (principal.scopes().contains(limit.getKey())) {
                    if (limit.getValue() == 0) {
                        return null;
                    }
                    largest = Math.max(largest, limit.getValue());
                }
            }
            return largest < 0
                    ? usual
                    : new Quota(largest, "the operator of this gateway for a scope of this key (ratelimit.classes)");
        }
    }
}

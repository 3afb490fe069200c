package ai.hokus.torii.ratelimit;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;

/**
 * The fields in which an answer tells of the key's limit: {@code RateLimit-Policy} and {@code RateLimit} of
 * draft-ietf-httpapi-ratelimit-headers-10 (27 September 2025), whose {@code t} is the time until more is available; the
 * {@code RateLimit-Limit, -Remaining, -Reset} of its drafts up to 06 and the still older {@code X-RateLimit-*}, which most
 * clients read, and whose Reset is the time until all is; all in seconds.
 */
final class LimitFields {

    private static final CharSequence POLICY = HttpHeaders.createOptimized("RateLimit-Policy");
    private static final CharSequence STATE = HttpHeaders.createOptimized("RateLimit");
    private static final CharSequence LIMIT = HttpHeaders.createOptimized("RateLimit-Limit");
    private static final CharSequence REMAINING = HttpHeaders.createOptimized("RateLimit-Remaining");
    private static final CharSequence RESET = HttpHeaders.createOptimized("RateLimit-Reset");
    private static final CharSequence OLD_LIMIT = HttpHeaders.createOptimized("X-RateLimit-Limit");
    private static final CharSequence OLD_REMAINING = HttpHeaders.createOptimized("X-RateLimit-Remaining");
    private static final CharSequence OLD_RESET = HttpHeaders.createOptimized("X-RateLimit-Reset");

    private LimitFields() {}

    static void write(HttpServerResponse response, Quota quota, double left) {
        String limit = Long.toString(quota.perHour());
        long whole = (long) Math.floor(left);
        String remaining = Long.toString(whole);
        String reset = Long.toString(secondsUntil(quota.perHour(), quota, left));
        response.putHeader(POLICY, "\"hour\";q=" + limit + ";w=3600")
                .putHeader(STATE, "\"hour\";r=" + remaining + ";t=" + secondsUntil(whole + 1, quota, left))
                .putHeader(LIMIT, limit)
                .putHeader(REMAINING, remaining)
                .putHeader(RESET, reset)
                .putHeader(OLD_LIMIT, limit)
                .putHeader(OLD_REMAINING, remaining)
                .putHeader(OLD_RESET, reset);
    }

    /** Whole seconds until so many are there; 0 when they are, or when there can never be that many. */
    static long secondsUntil(double wanted, Quota quota, double left) {
        double missing = Math.min(wanted, quota.perHour()) - left;
        return missing <= 0 ? 0 : (long) Math.ceil(missing / quota.perSecond());
    }
}

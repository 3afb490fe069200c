package ai.hokus.torii.config;

import java.time.Duration;

/**
 * How the process ends.
 *
 * @param delay how long new requests are still served after the signal, while {@code /ready} already says 503
 * @param grace how long requests in flight may take after that
 */
public record DrainConfig(Duration delay, Duration grace) {

    private static final Duration LONGEST_QUIET = Duration.ofSeconds(1);

    /**
     * How long nothing must have happened on a connection before it is closed behind the delay: a second, which is long
     * beside the way of a request that is coming; less where the delay itself says that there is no time.
     */
    public Duration quiet() {
        return delay.compareTo(LONGEST_QUIET) < 0 ? delay : LONGEST_QUIET;
    }
}

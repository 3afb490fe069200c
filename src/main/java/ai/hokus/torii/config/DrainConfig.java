package ai.hokus.torii.config;

import java.time.Duration;

/**
 * How the process ends.
 *
 * @param delay how long new requests are still served after the signal, while {@code /ready} already says 503
 * @param grace how long requests in flight may take after that
 */
public record DrainConfig(Duration delay, Duration grace) {}

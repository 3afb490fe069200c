package ai.hokus.torii.config;

import java.util.Optional;

/**
 * What operators may order a running gateway to do, and how all replicas hear of it.
 *
 * @param token the bearer token of the {@code /admin} routes; empty: they are closed
 * @param sharesRevocations whether revocations are carried to the other replicas through Redis
 * @param redis the Redis server's address with its credentials, e.g. {@code redis://:password@redis:6379}; present
 *     whenever revocations are shared
 */
public record AdminConfig(Optional<Secret> token, boolean sharesRevocations, Optional<Secret> redis) {}

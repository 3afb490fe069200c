package ai.hokus.torii.config;

import java.time.Duration;
import java.util.Set;

/**
 * The whole configuration, valid by construction.
 *
 * @param api the listener for callers
 * @param management the listener for operators
 * @param mlflow the upstream
 * @param auth the auth source and the verdict cache
 * @param authorization what keys may do
 * @param ratelimit how often keys may ask
 * @param admin what operators may order, and how replicas hear of it
 * @param forward how requests travel
 * @param limits how large bodies may be
 * @param corsOrigins origins whose scripts may read answers; empty: none
 * @param drain how the process ends
 * @param reloadInterval how often the files it was read from are looked at for a change; zero: never
 * @param log what the process writes to its log
 */
public record GatewayConfig(
        ListenerConfig api,
        ManagementConfig management,
        MlflowConfig mlflow,
        AuthConfig auth,
        AuthorizationConfig authorization,
        RateLimitConfig ratelimit,
        AdminConfig admin,
        ForwardConfig forward,
        LimitsConfig limits,
        Set<String> corsOrigins,
        DrainConfig drain,
        Duration reloadInterval,
        LogConfig log) {

    /** Copies the origins, so that a configuration never changes. */
    public GatewayConfig {
        corsOrigins = Set.copyOf(corsOrigins);
    }
}

package ai.hokus.torii.config;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The api listener: what callers connect to.
 *
 * @param host address to bind
 * @param port TCP port; 0 takes a free one
 * @param instances event-loop verticles that share the port, at least 1
 * @param headTimeout longest time for a request head, from its first byte; for a new connection, from the start
 * @param idleTimeout how long a connection may stay open without a request
 * @param maxTargetBytes longest request line, in bytes
 * @param maxHeadBytes largest request head, in bytes
 * @param tls how it speaks TLS; empty: it does not
 * @param http2 how it speaks HTTP/2; empty: it does not
 * @param caps how many connections may be open
 * @param trustedProxies whose {@code X-Forwarded-For} is believed; empty: nobody's
 */
public record ListenerConfig(
        String host,
        int port,
        int instances,
        Duration headTimeout,
        Duration idleTimeout,
        int maxTargetBytes,
        int maxHeadBytes,
        Optional<ListenerTls> tls,
        Optional<Http2Config> http2,
        Caps caps,
        List<AddressRange> trustedProxies) {

    /**
     * How many connections of callers may be open in the process.
     *
     * @param total from everywhere
     * @param perAddress from one address, or one /64 network of IPv6; loopback and trusted proxies aside
     */
    public record Caps(int total, int perAddress) {}

    /** Copies the ranges, so that a configuration never changes. */
    public ListenerConfig {
        trustedProxies = List.copyOf(trustedProxies);
    }
}

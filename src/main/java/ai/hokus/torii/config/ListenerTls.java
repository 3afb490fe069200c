package ai.hokus.torii.config;

import ai.hokus.torii.tls.PemFiles;
import java.time.Duration;

/**
 * TLS on the api listener.
 *
 * @param files certificate and key, both present, and the authorities of callers' certificates
 * @param clientAuth whether callers show a certificate of their own
 * @param handshakeTimeout longest time for a handshake
 * @param reloadInterval how often the files are looked at for a change; zero: never
 */
public record ListenerTls(PemFiles files, ClientAuth clientAuth, Duration handshakeTimeout, Duration reloadInterval) {

    /** Whether callers show a certificate of their own. */
    public enum ClientAuth {
        /** They are not asked. */
        NONE,
        /** They are asked; one without is served, one with a bad one is not. */
        REQUEST,
        /** Nobody without a good one is served. */
        REQUIRE
    }
}

package ai.hokus.torii.config;

import ai.hokus.torii.tls.PemFiles;
import java.time.Duration;

/**
 * TLS towards a server at an {@code https://} address.
 *
 * @param files the authorities to believe (absent: the JDK's) and a client certificate with its key, all of them optional
 * @param reloadInterval how often the files are looked at for a change; zero: never
 */
public record PeerTls(PemFiles files, Duration reloadInterval) {}

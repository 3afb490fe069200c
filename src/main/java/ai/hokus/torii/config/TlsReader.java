package ai.hokus.torii.config;

import ai.hokus.torii.config.ListenerTls.ClientAuth;
import ai.hokus.torii.tls.PemException;
import ai.hokus.torii.tls.PemFiles;
import ai.hokus.torii.tls.TlsMaterial;
import java.time.Duration;
import java.util.Optional;

/** Reads what concerns TLS, and looks into the files, so that a bad one is found before anything starts. */
final class TlsReader {

    private final Values values;
    private final Duration interval;

    /** For files that are looked at so often. */
    TlsReader(Values values, Duration interval) {
        this.values = values;
        this.interval = interval;
    }

    Optional<ListenerTls> listener() {
        ClientAuth clientAuth = values.choice("listener.tls.client-auth", ClientAuth.class);
        Duration handshake =
                values.duration("listener.tls.handshake-timeout", Duration.ofMillis(100), Duration.ofMinutes(1));
        PemFiles files = files("listener.tls.cert-path", "listener.tls.key-path", "listener.tls.client-ca-path");
        boolean isOn = files.certificate().isPresent() && files.key().isPresent();
        if (!isOn && files.authorities().isPresent()) {
            values.problem("listener.tls.client-ca-path", "is set, but listener.tls.cert-path is not");
        }
        if (clientAuth != ClientAuth.NONE && files.authorities().isEmpty()) {
            values.problem(
                    "listener.tls.client-ca-path", "is not set, but listener.tls.client-auth asks for certificates");
        }
        if (clientAuth == ClientAuth.NONE && isOn && files.authorities().isPresent()) {
            values.problem("listener.tls.client-auth", "is 'none', but listener.tls.client-ca-path names authorities");
        }
        return isOn ? Optional.of(new ListenerTls(files, clientAuth, handshake, interval)) : Optional.empty();
    }

    /** The files of a client, under {@code prefix}. */
    PeerTls peer(String prefix) {
        return new PeerTls(
                files(prefix + ".client-cert-path", prefix + ".client-key-path", prefix + ".ca-bundle-path"), interval);
    }

    private PemFiles files(String certificate, String key, String authorities) {
        boolean isClient = certificate.contains("client");
        PemFiles files = new PemFiles(values.path(certificate), values.path(key), values.path(authorities));
        if (files.certificate().isPresent() != files.key().isPresent()) {
            values.problem(
                    files.certificate().isPresent() ? key : certificate,
                    "is not set, but the other half of the " + (isClient ? "client " : "") + "certificate is");
            return files;
        }
        try {
            TlsMaterial.read(files);
        } catch (PemException e) {
            values.problem(
                    switch (e.part()) {
                        case CERTIFICATE -> certificate;
                        case KEY -> key;
                        case AUTHORITIES -> authorities;
                    },
                    e.getMessage());
        }
        return files;
    }
}

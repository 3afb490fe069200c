package ai.hokus.torii.tls;

import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.SSLOptions;
import io.vertx.core.net.ServerSSLOptions;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * What both sides of the gateway speak: TLS 1.3 and 1.2, with forward secrecy and authenticated encryption alone (RFC
 * 9325 §4.2, Mozilla's "intermediate" without its suites for DHE).
 */
public final class Tls {

    private static final List<String> VERSIONS = List.of("TLSv1.3", "TLSv1.2");
    private static final List<String> SUITES = List.of(
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

    private Tls() {}

    /** A listener's options. */
    public static ServerSSLOptions server(TlsMaterial material) {
        return fill(new ServerSSLOptions(), material);
    }

    /** A client's options; the name it asked for must be in the certificate it is shown (RFC 9110 §4.3.4). */
    public static ClientSSLOptions client(TlsMaterial material) {
        return fill(new ClientSSLOptions(), material).setHostnameVerificationAlgorithm("HTTPS");
    }

    private static <O extends SSLOptions> O fill(O options, TlsMaterial material) {
        options.setEnabledSecureTransportProtocols(new LinkedHashSet<>(VERSIONS));
        SUITES.forEach(options::addEnabledCipherSuite);
        material.own().ifPresent(options::setKeyCertOptions);
        material.trust().ifPresent(options::setTrustOptions);
        return options;
    }
}

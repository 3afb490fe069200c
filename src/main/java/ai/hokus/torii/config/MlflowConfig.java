package ai.hokus.torii.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where MLflow is and how it wants to be spoken to.
 *
 * @param url http or https; a path in it is MLflow's static prefix
 * @param hostHeader the Host field MLflow is sent; empty: the authority of {@code url}
 * @param servesArtifacts whether MLflow was started to serve artifacts
 * @param credential the gateway's own credential for MLflow's basic-auth app; empty: none is sent
 * @param caBundle PEM file of the authorities to trust; empty: those of the JDK
 * @param clientCertificate PEM certificate and key for mutual TLS; empty: none
 */
public record MlflowConfig(
        URI url,
        Optional<String> hostHeader,
        boolean servesArtifacts,
        Optional<BasicCredential> credential,
        Optional<Path> caBundle,
        Optional<ClientCertificate> clientCertificate) {

    /** A user name and password; only the user name is ever printed. */
    public record BasicCredential(String username, Secret password) {}

    /** PEM files of a client certificate and its private key. */
    public record ClientCertificate(Path certificate, Path key) {}
}

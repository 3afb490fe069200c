package ai.hokus.torii.config;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Where MLflow is and how it wants to be spoken to.
 *
 * @param upstreams its replicas
 * @param hostHeader the Host field MLflow is sent; empty: the authority of the address that is used
 * @param servesArtifacts whether MLflow was started to serve artifacts
 * @param credential the gateway's own credential for MLflow's basic-auth app; empty: none is sent
 * @param tls whom to believe, and what to show, at an https address
 */
public record MlflowConfig(
        Upstreams upstreams,
        Optional<String> hostHeader,
        boolean servesArtifacts,
        Optional<BasicCredential> credential,
        PeerTls tls) {

    /** The first of its addresses; scheme and path are those of all. */
    public URI url() {
        return upstreams.urls().get(0);
    }

    /**
     * Where its replicas are, and how they are watched.
     *
     * @param urls at least one, http or https; of one scheme and one path, which is MLflow's static prefix
     * @param dnsInterval how often names in them are resolved
     * @param probeInterval how often each replica is asked, where there are several
     * @param probeFailures after so many failures one after the other a replica is left out
     */
    public record Upstreams(List<URI> urls, Duration dnsInterval, Duration probeInterval, int probeFailures) {

        /** Copies the addresses, so that a configuration never changes. */
        public Upstreams {
            urls = List.copyOf(urls);
        }
    }

    /** A user name and password; only the user name is ever printed. */
    public record BasicCredential(String username, Secret password) {}
}

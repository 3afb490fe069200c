package ai.hokus.torii.proxy;

import ai.hokus.torii.tls.TlsWatch;

/**
 * Where MLflow is, for all event loops.
 *
 * @param replicas its servers
 * @param tls the files of TLS to them
 */
public record Upstream(Replicas replicas, TlsWatch tls) {}

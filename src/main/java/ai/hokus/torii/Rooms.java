package ai.hokus.torii;

import ai.hokus.torii.config.AuthorizationConfig;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.PeerTls;
import ai.hokus.torii.proxy.Replicas;
import ai.hokus.torii.proxy.Spool;
import ai.hokus.torii.proxy.Upstream;
import ai.hokus.torii.tls.TlsWatch;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one configuration comes to and all event loops share; another configuration makes others, which take over what
 * has not changed between the two. All of it is safe for concurrent use.
 *
 * @param config the configuration
 * @param policy which operation a path is, and who may do it
 * @param spool where bodies without a length wait
 * @param replicas MLflow's servers
 * @param authSource whose a key is
 * @param mlflowTls the files of TLS to MLflow
 */
record Rooms(
        GatewayConfig config,
        Policy policy,
        Spool spool,
        Replicas replicas,
        AuthSource authSource,
        TlsWatch mlflowTls) {

    private static final Logger LOG = LoggerFactory.getLogger(Rooms.class);

    /**
     * Builds them; nothing is in use yet.
     *
     * @param before those in use; empty at the start
     * @return fails with an {@link InvalidConfigException} when the key file cannot be read or the configuration does not
     *     fit the route catalogue; what is in use stays as it is
     */
    static Future<Rooms> of(Vertx vertx, GatewayConfig config, Gateway.Shared shared, Optional<Rooms> before) {
        Policy policy;
        try {
            policy = Policy.of(config);
        } catch (InvalidConfigException e) {
            return Future.failedFuture(e);
        }
        Spool spool = before.filter(rooms ->
                        rooms.config.forward().spool().equals(config.forward().spool()))
                .map(Rooms::spool)
                .orElseGet(() -> new Spool(vertx, config.forward().spool()));
        Replicas replicas = before.filter(rooms ->
                        rooms.config.mlflow().upstreams().equals(config.mlflow().upstreams()))
                .map(Rooms::replicas)
                .orElseGet(() -> new Replicas(config.mlflow(), ReplicaReports.failovers(shared.meters())));
        return before.filter(rooms -> rooms.config.auth().equals(config.auth()))
                .map(rooms -> Future.succeededFuture(rooms.authSource))
                .orElseGet(() -> AuthSource.open(vertx, config.auth(), shared.meters()))
                .compose(source -> mlflowTls(vertx, config.mlflow().tls(), shared, before)
                        .map(tls -> new Rooms(config, policy, spool, replicas, source, tls))
                        .onFailure(cause -> closeUnused(source, before)))
                .onSuccess(rooms -> remark(rooms, before));
    }

    private static void closeUnused(AuthSource source, Optional<Rooms> before) {
        if (before.filter(rooms -> rooms.authSource == source).isEmpty()) {
            source.close();
        }
    }

    /** Once, and not whenever a configuration that is refused is tried again. */
    private static void remark(Rooms rooms, Optional<Rooms> before) {
        if (rooms.isRehearsing() && !before.filter(Rooms::isRehearsing).isPresent()) {
            LOG.warn("authorization.mode is report: nobody is refused for want of a scope");
        }
    }

    private boolean isRehearsing() {
        return config.authorization().mode() == AuthorizationConfig.Mode.REPORT;
    }

    private static Future<TlsWatch> mlflowTls(Vertx vertx, PeerTls tls, Gateway.Shared shared, Optional<Rooms> before) {
        return before.filter(rooms -> rooms.config.mlflow().tls().equals(tls))
                .map(rooms -> Future.succeededFuture(rooms.mlflowTls))
                .orElseGet(
                        () -> TlsEnds.open(vertx, TlsEnds.MLFLOW, tls.files(), tls.reloadInterval(), shared.meters()))
                .recover(cause -> TlsEnds.problem(cause, "mlflow"));
    }

    /** Where MLflow is. */
    Upstream upstream() {
        return new Upstream(replicas, mlflowTls);
    }

    /** Ends what these share and the next ones do not take over; their event loops must have swapped them before. */
    void retire(Rooms next) {
        if (next.authSource != authSource) {
            authSource.close();
        }
        if (next.mlflowTls != mlflowTls) {
            mlflowTls.close();
        }
    }

    /** Ends what these share, at the end of the process. */
    void close() {
        authSource.close();
        mlflowTls.close();
    }
}

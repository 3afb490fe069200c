package ai.hokus.torii.proxy;

import ai.hokus.torii.config.MlflowConfig;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.wire.Names;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the names of MLflow's replicas, and asks each replica whether it answers where there are several. One for the
 * process, on one event loop; the owner stops it.
 */
public final class ReplicaWatch {

    private static final Logger LOG = LoggerFactory.getLogger(ReplicaWatch.class);
    private static final Duration SHORTEST_PATIENCE = Duration.ofSeconds(1);

    private final Vertx vertx;
    private final Replicas replicas;
    private final UpstreamCalls calls;
    private final MlflowConfig.Upstreams config;
    private final String target;
    private final Set<Replica> asked = new HashSet<>();
    private final Set<String> unresolved = new HashSet<>();
    private boolean isStopped;

    /** Asks each replica for this target of MLflow's API, which a good one answers with 200. */
    public ReplicaWatch(
            Vertx vertx, Replicas replicas, UpstreamCalls calls, MlflowConfig.Upstreams config, String target) {
        this.vertx = vertx;
        this.replicas = replicas;
        this.calls = calls;
        this.config = config;
        this.target = target;
    }

    /** Begins at once. */
    public void start() {
        repeat(config.probeInterval(), this::probeAll);
        if (!replicas.names().isEmpty()) {
            repeat(config.dnsInterval(), this::resolveAll);
        }
    }

    /** Looks no more. */
    public void stop() {
        isStopped = true;
    }

    private void repeat(Duration interval, Supplier<Future<?>> step) {
        if (!isStopped) {
            step.get().onComplete(done -> vertx.setTimer(interval.toMillis(), id -> repeat(interval, step)));
        }
    }

    private Future<?> resolveAll() {
        return Future.join(replicas.names().stream().map(this::resolve).toList());
    }

    private Future<?> resolve(String name) {
        return Names.resolve(vertx, name)
                .onSuccess(found -> {
                    unresolved.remove(name);
                    List<Replica> before = replicas.all();
                    replicas.resolved(name, found);
                    if (!isStopped && before != replicas.all()) {
                        probeAll();
                    }
                })
                .onFailure(cause -> {
                    // Once, not at every look.
                    if (unresolved.add(name)) {
                        LOG.warn("{} cannot be resolved, what is known of it stays: {}", name, cause.getMessage());
                    }
                });
    }

    /** Completes at once: one that does not answer must not hold up the others. */
    private Future<?> probeAll() {
        if (replicas.areSeveral()) {
            replicas.all().forEach(this::probe);
        }
        return Future.succeededFuture();
    }

    private void probe(Replica replica) {
        if (!asked.add(replica)) {
            return;
        }
        Duration interval = config.probeInterval();
        Duration patience = interval.compareTo(SHORTEST_PATIENCE) < 0 ? SHORTEST_PATIENCE : interval;
        calls.probe(replica, target, patience).onComplete(answer -> {
            asked.remove(replica);
            if (isStopped) {
                return;
            }
            if (answer.succeeded()) {
                replicas.succeeded(replica);
            } else {
                replicas.failed(replica, GatewayFailure.from(answer.cause()));
            }
        });
    }
}

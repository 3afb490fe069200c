package ai.hokus.torii;

import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.Loaded;
import ai.hokus.torii.config.WatchedFiles;
import ai.hokus.torii.telemetry.Meters;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the files that a configuration was read from: a change is read, judged and swapped in; what is invalid is
 * refused, and the one in force stays. Says what a running process cannot follow.
 *
 * <p>A refused one is read again at every look that finds it as it was, because what it lacks, such as the file of a
 * secret, may come later.
 */
public final class Reload extends VerticleBase {

    private static final Logger LOG = LoggerFactory.getLogger(Reload.class);

    private final Gateway gateway;
    private final Supplier<Future<Loaded>> load;
    private final Loaded first;
    private final Consumer<String> outcomes;
    private WatchedFiles files;
    private volatile Loaded inForce;
    private volatile Instant inForceSince = Instant.now();
    private volatile String refusal = "";
    private Future<?> looking = Future.succeededFuture();
    private boolean isStopped;

    private Reload(Gateway gateway, Loaded first, Supplier<Future<Loaded>> load) {
        this.gateway = gateway;
        this.first = first;
        this.inForce = first;
        this.load = load;
        Meters meters = gateway.meters();
        this.outcomes = meters.counters(
                "torii.config.reloads",
                "Changes of the configuration's files, by what became of them",
                "outcome",
                List.of("applied", "refused"));
        meters.gauge(
                "torii.config.reload.successful",
                "0 while the configuration's files are refused and what was in force before still is",
                () -> refusal.isEmpty() ? 1 : 0);
        meters.gauge(
                "torii.config.reload.success.timestamp.seconds",
                "When the configuration in force was taken over, in seconds since 1970",
                () -> inForceSince.getEpochSecond());
        meters.gauge(
                "torii.config.restart.pending",
                "Settings that have changed since the start and take a restart",
                () -> inForce.restartsSince(first).size());
    }

    /**
     * Looks at the files now and then, until this Vert.x is closed.
     *
     * @param first what the gateway was started with
     * @param load reads the configuration again; fails with an {@link InvalidConfigException} when it is none
     * @return completes when a change will be noticed
     */
    public static Future<Void> start(Vertx vertx, Gateway gateway, Loaded first, Supplier<Future<Loaded>> load) {
        boolean isWanted =
                !first.config().reloadInterval().isZero() && !first.files().isEmpty();
        Reload reload = new Reload(gateway, first, load);
        return isWanted ? vertx.deployVerticle(reload).mapEmpty() : Future.succeededFuture();
    }

    @Override
    public Future<?> start() {
        return vertx.executeBlocking(() -> new WatchedFiles(first.files())).onSuccess(watched -> {
            files = watched;
            // They may have changed between the start's reading and this look.
            looking = follow();
            later();
        });
    }

    @Override
    public Future<?> stop() {
        isStopped = true;
        return looking;
    }

    private void later() {
        looking.onComplete(v -> vertx.setTimer(first.config().reloadInterval().toMillis(), id -> {
            if (!isStopped && !gateway.isDraining()) {
                looking = look();
                later();
            }
        }));
    }

    private Future<Void> look() {
        return vertx.executeBlocking(() -> files.haveChanged() || !refusal.isEmpty() && files.areQuiet())
                .compose(isWorthReading -> isWorthReading ? follow() : Future.succeededFuture())
                .recover(cause -> {
                    refused(cause);
                    return Future.succeededFuture();
                });
    }

    private Future<Void> follow() {
        return load.get()
                .compose(next -> {
                    List<String> changes = next.changesSince(inForce);
                    Future<Void> swapped = changes.isEmpty() ? Future.succeededFuture() : gateway.reload(next.config());
                    return swapped.compose(v -> followed(next, changes));
                })
                .recover(cause -> {
                    refused(cause);
                    return Future.succeededFuture();
                });
    }

    private Future<Void> followed(Loaded next, List<String> changes) {
        List<String> restarts = next.restartsSince(inForce);
        inForce = next;
        inForceSince = changes.isEmpty() ? inForceSince : Instant.now();
        refusal = "";
        if (!changes.isEmpty()) {
            outcomes.accept("applied");
            LOG.info("the configuration has changed: {}", String.join(", ", changes));
        }
        if (!restarts.isEmpty()) {
            LOG.warn("these take a restart, until then the old values hold: {}", String.join(", ", restarts));
        }
        return vertx.executeBlocking(() -> {
            files.follow(next.files());
            return null;
        });
    }

    private void refused(Throwable cause) {
        String why = cause instanceof InvalidConfigException invalid
                ? invalid.problems().stream()
                        .map(problem -> problem.setting() + " " + problem.message())
                        .collect(Collectors.joining("; "))
                : cause.toString();
        if (!why.equals(refusal)) {
            refusal = why;
            outcomes.accept("refused");
            LOG.error("the changed configuration is refused, the one in force stays: {}", why);
        }
    }
}

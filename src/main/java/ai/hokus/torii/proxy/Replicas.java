package ai.hokus.torii.proxy;

import ai.hokus.torii.config.MlflowConfig;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.wire.Names;
import java.net.InetAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The servers of one MLflow, and which of them gets the next request; one for all event loops of the process.
 *
 * <ol>
 *   <li>The one with the fewest requests is chosen, over all event loops; among equals, one after the other.
 *   <li>One that is left out gets none, unless all are: then all do, so that nobody is worse off than without this.
 *   <li>A single one is never left out, and nothing is noted about it.
 *   <li>One that is no longer named gets no request; those that it has finish.
 * </ol>
 */
public final class Replicas {

    private static final Logger LOG = LoggerFactory.getLogger(Replicas.class);

    private final List<URI> urls;
    private final int failureLimit;
    private final Consumer<String> failovers;
    private final Map<URI, List<InetAddress>> addresses = new LinkedHashMap<>();
    private volatile List<Replica> all = List.of();
    private volatile List<Replica> serving = List.of();

    /**
     * What is known about one server.
     *
     * @param name its address and port
     * @param isUp whether it gets requests
     * @param requests how many it has
     * @param failure why it did not answer when it was last asked; empty when it did, or was not asked
     */
    public record State(String name, boolean isUp, int requests, Optional<GatewayFailure> failure) {

        private static State of(Replica replica) {
            return new State(replica.name(), !replica.isLeftOut(), replica.requests(), replica.lastFailure());
        }
    }

    /**
     * Those that the configuration names; a name counts as one until it is known what it stands for.
     *
     * @param failovers told whenever a request goes to another server, and why: {@code connect}, it could not be
     *     connected to, or {@code died}, it hung up; from any thread
     */
    public Replicas(MlflowConfig mlflow, Consumer<String> failovers) {
        this.urls = mlflow.upstreams().urls();
        this.failureLimit = mlflow.upstreams().probeFailures();
        this.failovers = failovers;
        rebuild(List.of());
    }

    /** The server for the next request; one of those tried already only when there is no other. */
    Replica choose(int turn, List<Replica> tried) {
        List<Replica> candidates = serving;
        if (candidates.size() == 1 && tried.isEmpty()) {
            return candidates.get(0);
        }
        return least(candidates, turn, tried)
                .or(() -> least(all, turn, tried))
                .orElseGet(() -> candidates.get(Math.floorMod(turn, candidates.size())));
    }

    /** Another server that gets requests; this one when there is none. */
    Replica other(int turn, Replica than) {
        return least(serving, turn, List.of(than)).orElse(than);
    }

    private static Optional<Replica> least(List<Replica> candidates, int turn, List<Replica> tried) {
        Replica best = null;
        int fewest = Integer.MAX_VALUE;
        for (int i = 0; i < candidates.size(); i++) {
            Replica candidate = candidates.get(Math.floorMod(turn + i, candidates.size()));
            int requests = candidate.requests();
            if (requests < fewest && !tried.contains(candidate)) {
                best = candidate;
                fewest = requests;
            }
        }
        return Optional.ofNullable(best);
    }

    /** Those that there are, left out or not. */
    List<Replica> all() {
        return all;
    }

    /** Whether there is a choice. */
    boolean areSeveral() {
        return all.size() > 1;
    }

    /** What is known about each now. */
    public List<State> states() {
        return all.stream().map(State::of).toList();
    }

    /** Why one of them does not answer; empty when all do, or there is only one. */
    public Optional<GatewayFailure> failure() {
        return all.stream().flatMap(replica -> replica.lastFailure().stream()).findFirst();
    }

    /** Whether there is a choice, and one of them answered when it was last asked. */
    public boolean haveAnswered() {
        return areSeveral() && all.stream().anyMatch(Replica::answers);
    }

    /** Names that have to be resolved, each once. */
    List<String> names() {
        return urls.stream()
                .map(URI::getHost)
                .filter(host -> !Names.isAddress(host))
                .distinct()
                .toList();
    }

    /** From now on these are the addresses of a name; at least one. */
    synchronized void resolved(String name, List<InetAddress> found) {
        List<InetAddress> sorted = found.stream()
                .distinct()
                .sorted(Comparator.comparing(InetAddress::getHostAddress))
                .toList();
        List<Replica> before = all;
        boolean isNews = false;
        for (URI url : urls) {
            if (url.getHost().equals(name)) {
                List<InetAddress> last = addresses.put(url, sorted);
                isNews |= !sorted.equals(last);
                before = last == null || sorted.equals(last) ? before : without(before, url);
            }
        }
        if (isNews) {
            rebuild(before);
            LOG.info(
                    "{} stands for {}",
                    name,
                    sorted.stream().map(InetAddress::getHostAddress).collect(Collectors.joining(", ")));
        }
    }

    /** What was reached by its name has moved: its connections lead to where it was. */
    private static List<Replica> without(List<Replica> before, URI url) {
        return before.stream()
                .filter(replica -> !replica.isAt(url, Optional.empty()))
                .toList();
    }

    private void rebuild(List<Replica> before) {
        List<Replica> next = new ArrayList<>();
        for (URI url : urls) {
            List<InetAddress> known = addresses.getOrDefault(url, List.of());
            if (known.size() < 2) {
                // By its name, as whoever opens the next connection finds it.
                next.add(at(url, Optional.empty(), before));
            } else {
                known.forEach(address -> next.add(at(url, Optional.of(address), before)));
            }
        }
        if (next.size() == 1) {
            next.get(0).readmit();
        }
        all = List.copyOf(next);
        renew();
    }

    private static Replica at(URI url, Optional<InetAddress> address, List<Replica> before) {
        return before.stream()
                .filter(replica -> replica.isAt(url, address))
                .findFirst()
                .orElseGet(() -> new Replica(url, address));
    }

    private void renew() {
        List<Replica> up = all.stream().filter(replica -> !replica.isLeftOut()).toList();
        serving = up.isEmpty() ? all : up;
    }

    /** It answers. */
    synchronized void succeeded(Replica replica) {
        if (replica.succeeded()) {
            renew();
            LOG.info("MLflow at {} answers again and gets requests", replica.name());
        }
    }

    /** It does not answer, or cannot be reached. */
    synchronized void failed(Replica replica, GatewayFailure failure) {
        if (areSeveral() && replica.failed(failure, failureLimit)) {
            renew();
            LOG.warn("MLflow at {} gets no requests until it answers: {}", replica.name(), failure.detail());
        }
    }

    /** A request goes to another server. */
    void failedOver(String why) {
        failovers.accept(why);
    }
}

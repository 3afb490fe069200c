package ai.hokus.torii;

import ai.hokus.torii.auth.Credentials;
import ai.hokus.torii.auth.KeyValidator;
import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.exchange.Decision;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.exchange.Route;
import ai.hokus.torii.exchange.WholeAnswer;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.identity.KeyMask;
import ai.hokus.torii.identity.Principal;
import ai.hokus.torii.mlflow.CanonicalPath;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Tells how it is decided about a request, instead of carrying it out: to a caller whose key may ask
 * ({@code X-Torii-Explain}), and to an operator who names a key_id. Safe for all event loops.
 */
final class Explanations {

    static final Operation EXPLAIN = Operation.own("explain", Access.NONE);

    private static final String HEADER = "X-Torii-Explain";

    private final Policy policy;
    private final String upstream;

    /** Of what this policy decides in front of this MLflow. */
    Explanations(Policy policy, URI mlflow) {
        this.policy = policy;
        String url = mlflow.toString();
        this.upstream = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    }

    /** Whether a request asks to be explained; it is then never carried out. */
    boolean isAsked(Exchange exchange) {
        return exchange.request().headers().contains(HEADER)
                && exchange.request().headers().getAll(HEADER).stream()
                        .anyMatch(value -> !value.isBlank() && !value.trim().equals("0"));
    }

    /**
     * Answers an exchange whose key was accepted with the trail of its decision.
     *
     * @param decide decides about it
     * @param resolveNanos how long it took until its path was known
     * @throws GatewayFailure scope_missing when its key may not ask
     */
    Future<Void> answer(Exchange exchange, Function<Exchange, Decision> decide, long resolveNanos) {
        Principal principal = exchange.principal().orElseThrow();
        policy.authorizer().refuseExplaining(principal).ifPresent(refusal -> {
            exchange.operation(EXPLAIN);
            throw refusal;
        });
        long start = System.nanoTime();
        Decision decision = decide.apply(exchange);
        long decideNanos = System.nanoTime() - start;
        JsonObject trail = new JsonObject()
                .put("request_id", exchange.id())
                .put("method", exchange.request().method().name())
                .mergeIn(target(exchange.route(), exchange.operation()))
                .put("key", key(exchange, principal))
                .mergeIn(decision(decision))
                .put(
                        "micros",
                        new JsonObject()
                                .put("resolve", micros(resolveNanos))
                                .put(
                                        "authenticate",
                                        micros(exchange.keyCheck().orElseThrow().nanos()))
                                .put("authorize", micros(decideNanos))
                                .put("total", micros(exchange.nanos())));
        exchange.operation(EXPLAIN);
        exchange.response().putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
        WholeAnswer.write(exchange.request(), "application/json", trail.toBuffer());
        return Future.succeededFuture();
    }

    /**
     * The trail of a request that nobody has made.
     *
     * @param method its method
     * @param target its path, with a query or without
     * @param known what is remembered about the key it would carry; empty: nothing
     * @return the trail; {@code decision} is {@code undecided} when nothing is remembered about the key
     */
    JsonObject explain(String method, String target, String keyId, Optional<KeyValidator.Answer> known) {
        long start = System.nanoTime();
        JsonObject trail = new JsonObject().put("method", method);
        Optional<Route> route = Optional.empty();
        Operation operation;
        try {
            CanonicalPath canonical = CanonicalPath.parse(target);
            operation = Endpoint.OWN.get(canonical.path());
            if (operation == null) {
                trail.put("path", KeyMask.masked(canonical.path()));
                route = Optional.of(policy.mounts().resolve(method, canonical));
                operation = route.get().operation();
            } else {
                Endpoint.requireRead(method);
                if (Endpoint.OPEN.contains(canonical.path())) {
                    return trail.mergeIn(target(route, operation))
                            .put("decision", "allowed")
                            .put("rule", "open to everybody");
                }
            }
        } catch (GatewayFailure refusal) {
            return trail.mergeIn(refused("refused", refusal));
        }
        long resolveNanos = System.nanoTime() - start;
        trail.mergeIn(target(route, operation));
        if (operation.hasDocument()) {
            trail.put("note", "Decided for a document that changes something; one that only reads needs read access.");
        }
        JsonObject key = new JsonObject().put("key_id", keyId);
        trail.put("key", key);
        if (known.isEmpty()) {
            key.put("verdict", "not_remembered");
            return trail.put("decision", "undecided")
                    .put(
                            "message",
                            "Nothing is remembered about this key_id: the next request with its key is asked about.");
        }
        key.put("verdict", known.get().verdict().outcome())
                .put("verdict_from", known.get().source().name().toLowerCase(Locale.ROOT));
        if (known.get().verdict() instanceof Accepted accepted) {
            identify(accepted.principal(), key);
            long resolved = System.nanoTime();
            Decision decision = policy.authorizer().decide(accepted.principal(), operation, false);
            JsonObject micros = new JsonObject()
                    .put("resolve", micros(resolveNanos))
                    .put("authorize", micros(System.nanoTime() - resolved));
            return trail.mergeIn(decision(decision)).put("micros", micros);
        }
        return trail.mergeIn(refused("refused", GatewayFailure.keyRefused()));
    }

    private JsonObject target(Optional<Route> route, Operation operation) {
        JsonObject target = new JsonObject();
        route.ifPresent(found -> target.put("mount", found.mount())
                .put("path", KeyMask.masked(found.path()))
                .put("upstream", upstream + KeyMask.masked(found.path())));
        return target.put(
                "operation",
                new JsonObject()
                        .put("name", operation.name())
                        .put("area", operation.area())
                        .put("access", operation.access().text())
                        .put("row", operation.row()));
    }

    private static JsonObject key(Exchange exchange, Principal principal) {
        JsonObject key = new JsonObject()
                .put(
                        "found_in",
                        new JsonArray(Credentials.places(exchange.request().headers())));
        exchange.keyCheck()
                .ifPresent(check -> key.put("verdict", check.outcome())
                        .put("verdict_from", check.source().name().toLowerCase(Locale.ROOT)));
        identify(principal, key);
        return key;
    }

    private static void identify(Principal principal, JsonObject key) {
        key.put("key_id", principal.keyId())
                .put("user_id", principal.userId())
                .put(
                        "scopes",
                        new JsonArray(new TreeSet<>(principal.scopes()).stream().toList()))
                .put(
                        "roles",
                        new JsonArray(new TreeSet<>(principal.roles()).stream().toList()));
    }

    private static JsonObject decision(Decision decision) {
        JsonObject told = decision.refusal()
                .map(refusal -> refused(decision.outcome(), refusal))
                .orElseGet(() -> new JsonObject().put("decision", decision.outcome()));
        return told.put("rule", decision.rule()).put("needed", decision.needed());
    }

    private static JsonObject refused(String outcome, GatewayFailure refusal) {
        return new JsonObject()
                .put("decision", outcome)
                .put("reason", refusal.reason().code())
                .put("status", refusal.status())
                .put("message", refusal.getMessage());
    }

    private static double micros(long nanos) {
        return nanos / 100 / 10.0;
    }
}

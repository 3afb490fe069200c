package ai.hokus.torii;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.identity.Access;
import io.vertx.core.Future;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Where an exchange goes once its path is known: a route of the gateway's own, or MLflow.
 *
 * @param operation what it is; null where that depends on the path
 * @param isOpen whether it needs no key
 * @param handler answers the exchange, or fails
 */
record Endpoint(Operation operation, boolean isOpen, Function<Exchange, Future<Void>> handler) {

    static final Operation HEALTH = Operation.own("health", Access.NONE);
    static final Operation MODELS = Operation.own("models", Access.READ);
    static final Operation UI = Operation.own("ui", Access.NONE);
    static final Operation OPTIONS = Operation.own("options", Access.NONE);

    /** The gateway's own routes, and which of them need no key. */
    static final Map<String, Operation> OWN = Map.of(
            "/health", HEALTH,
            "/live", HEALTH,
            "/ready", HEALTH,
            "/api/health", HEALTH,
            "/api/health/mlflow", HEALTH,
            "/mlflow/health/mlflow", HEALTH,
            "/api/mlflow/health/mlflow", HEALTH,
            "/api/models", MODELS,
            "/mlflow", UI,
            "/api/mlflow", UI);

    static final Set<String> OPEN = Set.of("/health", "/live", "/ready");

    /** Refuses what is no reading: the gateway's own routes take nothing else. */
    static void requireRead(String method) {
        if (!method.equals("GET") && !method.equals("HEAD")) {
            throw GatewayFailure.methodNotAllowed("GET, HEAD, OPTIONS");
        }
    }

    /** One of the gateway's own. */
    static Map.Entry<String, Endpoint> own(String path, Function<Exchange, Future<Void>> handler) {
        return Map.entry(path, new Endpoint(OWN.get(path), OPEN.contains(path), handler));
    }

    /** The operations of routes of the gateway's own that take a key and for which an exception may be made. */
    static final Set<String> OPERATIONS = Set.of(MODELS.name());
}

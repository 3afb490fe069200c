package ai.hokus.torii;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.exchange.Route;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.mlflow.CanonicalPath;
import ai.hokus.torii.mlflow.Mounts;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.Map;
import java.util.Set;

/**
 * Finds where a request goes by its method and target, and notes the operation.
 *
 * @param options answers every OPTIONS
 * @param endpoints the gateway's own routes by their paths
 * @param mounts where MLflow is
 * @param mlflow answers what is MLflow's
 */
record ResolveStage(Endpoint options, Map<String, Endpoint> endpoints, Mounts mounts, Endpoint mlflow) {

    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

    /**
     * The endpoint of an exchange.
     *
     * @throws GatewayFailure path_refused, request_malformed, route_unknown, method_not_allowed or artifacts_disabled
     */
    Endpoint apply(Exchange exchange) {
        HttpServerRequest request = exchange.request();
        String method = request.method().name();
        if (!METHODS.contains(method)) {
            throw GatewayFailure.methodNotAllowed(Cors.METHODS);
        }
        if (request.method() == HttpMethod.OPTIONS) {
            exchange.operation(options.operation());
            return options;
        }
        CanonicalPath canonical = CanonicalPath.parse(request.uri());
        Endpoint own = endpoints.get(canonical.path());
        if (own != null) {
            exchange.operation(own.operation());
            Endpoint.requireRead(method);
            return own;
        }
        exchange.route(resolve(exchange, method, canonical));
        if (exchange.operation().isArtifactTransfer() && isRead(request) && exchange.declaresBody()) {
            // MLflow 3.17 takes the parameters of a GET without a query from its JSON body, where nobody looks at them.
            throw GatewayFailure.requestMalformed("an artifact is asked for by path and query, not by a body");
        }
        return mlflow;
    }

    /** A path of MLflow's with a new method is as much news to an operator as a new path. */
    private Route resolve(Exchange exchange, String method, CanonicalPath canonical) {
        try {
            return mounts.resolve(method, canonical);
        } catch (GatewayFailure refusal) {
            if (refusal.reason() == Reason.METHOD_NOT_ALLOWED) {
                exchange.operation(Operation.unknown(Access.ADMIN));
            }
            throw refusal;
        }
    }

    private static boolean isRead(HttpServerRequest request) {
        return request.method() == HttpMethod.GET || request.method() == HttpMethod.HEAD;
    }
}

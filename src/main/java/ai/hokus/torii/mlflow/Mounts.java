package ai.hokus.torii.mlflow;

import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.exchange.Route;
import java.util.List;

/**
 * Finds where in MLflow a path points: under a mount ({@code /api/mlflow}, {@code /mlflow}) everything of MLflow, at
 * the root only the paths its clients use there. Immutable, shared by all event loops.
 *
 * <p>The root is needed because the Python client loses a prefix for {@code mlflow-artifacts:/} addresses (MLflow
 * 3.6 to 3.17).
 */
public final class Mounts {

    private static final List<String> PREFIXES = List.of("/api/mlflow", "/mlflow");
    private static final List<String> ROOT_TREES = List.of(
            "/api/2.0/mlflow/", "/api/2.0/mlflow-artifacts/", "/api/2.0/preview/mlflow/", "/api/3.0/", "/ajax-api/");
    private static final List<String> ROOT_PATHS =
            List.of("/graphql", "/v1/traces", "/get-artifact", "/model-versions/get-artifact", "/version");

    private final boolean servesArtifacts;

    /** For an MLflow that serves artifacts, or not. */
    public Mounts(boolean servesArtifacts) {
        this.servesArtifacts = servesArtifacts;
    }

    /**
     * The route of a canonical path.
     *
     * @throws GatewayFailure route_unknown outside every mount; path_refused for an empty segment or an artifact path
     *     that names no artifact; artifacts_disabled where this MLflow serves none
     */
    public Route resolve(String method, CanonicalPath canonical) {
        String path = canonical.path();
        for (String prefix : PREFIXES) {
            if (path.equals(prefix) || path.startsWith(prefix + "/")) {
                return route(method, prefix, below(prefix, path), canonical.query());
            }
        }
        boolean known = ROOT_PATHS.contains(path) || ROOT_TREES.stream().anyMatch(path::startsWith);
        if (!known) {
            throw GatewayFailure.routeUnknown();
        }
        return route(method, "", path, canonical.query());
    }

    /** The Java client writes one slash too many when the tracking URI ends in one; that one is dropped. */
    private static String below(String prefix, String path) {
        String rest = path.substring(prefix.length());
        if (rest.isEmpty()) {
            return "/";
        }
        return rest.startsWith("//") ? rest.substring(1) : rest;
    }

    private Route route(String method, String mount, String path, String query) {
        if (path.contains("//")) {
            throw GatewayFailure.pathRefused("it holds an empty segment ('//')");
        }
        if (path.equals("/metrics")) {
            // MLflow's exporter is for its operator, never for callers.
            throw GatewayFailure.routeUnknown();
        }
        Operation operation = Areas.of(path, method);
        if (Areas.isArtifactProxy(path)) {
            if (!servesArtifacts) {
                throw GatewayFailure.artifactsDisabled();
            }
            Areas.refuseUnsafeArtifact(method, path);
        }
        return new Route(operation, mount, path, query);
    }
}

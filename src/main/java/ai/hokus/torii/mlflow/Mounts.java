package ai.hokus.torii.mlflow;

import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.exchange.Route;
import java.util.List;
import java.util.Set;

/**
 * Finds where in MLflow a path points, and which operation that is: under a mount ({@code /api/mlflow},
 * {@code /mlflow}) everything of MLflow, at the root only the paths its clients use there. Immutable, shared by all
 * event loops.
 *
 * <p>The root is needed because the Python client loses a prefix for {@code mlflow-artifacts:/} addresses (MLflow
 * 3.6 to 3.17).
 */
public final class Mounts {

    private static final List<String> PREFIXES = List.of("/api/mlflow", "/mlflow");
    private static final List<String> ROOT_TREES = List.of(
            "/api/2.0/mlflow/", "/api/2.0/mlflow-artifacts/", "/api/2.0/preview/mlflow/", "/api/3.0/", "/ajax-api/");
    private static final Set<String> ROOT_PATHS =
            Set.of("/graphql", "/v1/traces", "/get-artifact", "/model-versions/get-artifact", "/version");

    private final RouteCatalogue catalogue;
    private final boolean servesArtifacts;

    /** For an MLflow with these routes that serves artifacts, or not. */
    public Mounts(RouteCatalogue catalogue, boolean servesArtifacts) {
        this.catalogue = catalogue;
        this.servesArtifacts = servesArtifacts;
    }

    /**
     * The route of a canonical path, with an operation that may be unknown.
     *
     * @throws GatewayFailure route_unknown outside every mount; path_refused for an empty segment or what the
     *     {@link ArtifactRule} refuses; method_not_allowed where the path is known with other methods only; artifacts_disabled
     *     where this MLflow serves none
     */
    public Route resolve(String method, CanonicalPath canonical) {
        String path = canonical.path();
        for (String prefix : PREFIXES) {
            if (path.startsWith(prefix) && (path.length() == prefix.length() || path.charAt(prefix.length()) == '/')) {
                return route(method, prefix, below(prefix, path), canonical.query());
            }
        }
        if (!isKnownAtRoot(path)) {
            throw GatewayFailure.routeUnknown();
        }
        return route(method, "", path, canonical.query());
    }

    private static boolean isKnownAtRoot(String path) {
        for (String tree : ROOT_TREES) {
            if (path.startsWith(tree)) {
                return true;
            }
        }
        return ROOT_PATHS.contains(path);
    }

    /** The Java client writes one slash too many when the tracking URI ends in one; that one is dropped. */
    private static String below(String prefix, String path) {
        if (path.length() == prefix.length()) {
            return "/";
        }
        return path.substring(path.startsWith("//", prefix.length()) ? prefix.length() + 1 : prefix.length());
    }

    private Route route(String method, String mount, String path, String query) {
        if (path.contains("//")) {
            throw GatewayFailure.pathRefused("it holds an empty segment ('//')");
        }
        if (path.equals("/metrics")) {
            // MLflow's exporter is for its operator, never for callers.
            throw GatewayFailure.routeUnknown();
        }
        if (ArtifactRule.covers(path)) {
            if (!servesArtifacts) {
                throw GatewayFailure.artifactsDisabled();
            }
            ArtifactRule.check(method, path, query);
        }
        Operation operation = catalogue.find(method, path).orElseGet(() -> unknown(method, path));
        return new Route(operation, mount, path, query);
    }

    private Operation unknown(String method, String path) {
        Set<String> methods = catalogue.methods(path);
        if (!methods.isEmpty()) {
            throw GatewayFailure.methodUnknown(String.join(", ", methods));
        }
        return UnknownOperation.of(method, path);
    }
}

package ai.hokus.torii.mlflow;

import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Operation;
import java.util.Locale;
import java.util.Map;

/**
 * Which part of MLflow a path belongs to: a small fixed set of names, so that a metric may carry them.
 *
 * <p>Facts of MLflow 3.17's routes: every call is served under {@code /api/<major>.0} and {@code /ajax-api/<major>.0}
 * alike.
 */
final class Areas {

    private static final String ARTIFACTS = "mlflow-artifacts";
    private static final Map<String, String> BY_SEGMENT = Map.ofEntries(
            Map.entry("experiments", "experiments"),
            Map.entry("runs", "runs"),
            Map.entry("metrics", "metrics"),
            Map.entry("artifacts", "artifacts"),
            Map.entry("upload-artifact", "artifacts"),
            Map.entry("logged-models", "logged-models"),
            Map.entry("registered-models", "registry"),
            Map.entry("model-versions", "registry"),
            Map.entry("traces", "traces"),
            Map.entry("datasets", "datasets"),
            Map.entry("scorers", "scorers"),
            Map.entry("webhooks", "webhooks"),
            Map.entry("users", "users"),
            Map.entry("workspaces", "workspaces"),
            Map.entry("gateway", "ai-gateway"),
            Map.entry("gateway-proxy", "ai-gateway"),
            Map.entry("jobs", "jobs"));
    private static final Map<String, String> BY_PATH = Map.of(
            "/", "ui",
            "/graphql", "graphql",
            "/version", "server",
            "/health", "server",
            "/get-artifact", "artifacts",
            "/model-versions/get-artifact", "artifacts",
            "/v1/traces", "traces");

    private Areas() {}

    static Operation of(String path, String method) {
        String area = area(path);
        boolean transfer =
                isArtifactProxy(path) && (method.equals("PUT") || method.equals("GET") || isMpuComplete(path))
                        || path.equals("/get-artifact")
                        || path.equals("/model-versions/get-artifact")
                        || path.endsWith("/mlflow/upload-artifact");
        return new Operation(area, transfer, isRead(path, method));
    }

    /** GET and HEAD read (RFC 9110 §9.2.1), and MLflow puts some of its searches into POST. */
    private static boolean isRead(String path, String method) {
        return switch (method) {
            case "GET", "HEAD" -> true;
            case "POST" ->
                apiTree(path) > 0
                        && (path.endsWith("/search")
                                || path.endsWith("/search-datasets")
                                || path.endsWith("/get-latest-versions"));
            default -> false;
        };
    }

    /** Whether MLflow's artifact proxy answers this path. */
    static boolean isArtifactProxy(String path) {
        int tree = apiTree(path);
        return tree > 0 && path.startsWith(ARTIFACTS + "/", tree);
    }

    /**
     * An upload or a deletion must name an artifact below a run, a model or an experiment: MLflow 3.17 deletes the whole
     * store for a path that names none, although it answers 500 ({@code DELETE …/artifacts/.}).
     */
    static void refuseUnsafeArtifact(String method, String path) {
        String prefix = ARTIFACTS + "/artifacts";
        int tree = apiTree(path);
        String lower = path.toLowerCase(Locale.ROOT);
        if (lower.contains("%23") || lower.contains("%3f")) {
            throw GatewayFailure.pathRefused(
                    "an artifact's name holds an encoded '#' or '?', where MLflow cuts it off");
        }
        // urllib.parse, through which MLflow 3.17 sends an artifact's name, drops both: ".%3B" is "." and "%20./x" is
        // "./x".
        if (lower.startsWith(prefix + "/%20", tree) || lower.endsWith("%3b")) {
            throw GatewayFailure.pathRefused(
                    "an artifact's name begins with a space or ends in ';', which MLflow cuts off");
        }
        if (!path.startsWith(prefix, tree) || !method.equals("PUT") && !method.equals("DELETE")) {
            return;
        }
        String artifact = path.substring(Math.min(path.length(), tree + prefix.length() + 1));
        long segments = artifact.chars().filter(c -> c == '/').count() + 1;
        if (artifact.isEmpty() || artifact.endsWith("/")) {
            throw GatewayFailure.pathRefused("it names no artifact");
        }
        if (method.equals("DELETE") && segments < 3) {
            throw GatewayFailure.pathRefused(
                    "it names a whole experiment's artifacts; deleting takes <experiment>/<run>/…");
        }
    }

    private static boolean isMpuComplete(String path) {
        return path.startsWith(ARTIFACTS + "/mpu/complete/", apiTree(path));
    }

    private static String area(String path) {
        String exact = BY_PATH.get(path);
        if (exact != null) {
            return exact;
        }
        int tree = apiTree(path);
        if (tree < 0) {
            return path.startsWith("/gateway/") ? "ai-gateway" : path.startsWith("/static-files/") ? "ui" : "other";
        }
        String first = segment(path, tree);
        if (first.equals(ARTIFACTS)) {
            return "artifacts-proxy";
        }
        String name = first.equals("mlflow") ? segment(path, tree + "mlflow/".length()) : first;
        return BY_SEGMENT.getOrDefault(name, "other");
    }

    /** Where the tree below {@code /api/<version>/} or {@code /ajax-api/<version>/} begins; -1 for other paths. */
    private static int apiTree(String path) {
        int version = path.startsWith("/api/") ? 5 : path.startsWith("/ajax-api/") ? 10 : -1;
        int slash = version < 0 ? -1 : path.indexOf('/', version);
        if (slash < 0) {
            return -1;
        }
        return path.startsWith("preview/", slash + 1) ? slash + 1 + "preview/".length() : slash + 1;
    }

    private static String segment(String path, int from) {
        if (from >= path.length()) {
            return "";
        }
        int slash = path.indexOf('/', from);
        return path.substring(from, slash < 0 ? path.length() : slash);
    }
}

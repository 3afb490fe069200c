package ai.hokus.torii.mlflow;

import ai.hokus.torii.exchange.GatewayFailure;
import java.util.Locale;

/**
 * What a path to MLflow's artifact proxy must name.
 *
 * <p>An upload or a deletion must name an artifact below a run, a model or an experiment: MLflow 3.17 deletes the whole
 * store for a path that names none, although it answers 500 ({@code DELETE …/artifacts/.}).
 */
final class ArtifactRule {

    private static final String TREE = "mlflow-artifacts/";
    private static final String ARTIFACTS = TREE + "artifacts";
    private static final int SEGMENTS_OF_A_RUN = 3;

    private ArtifactRule() {}

    /** Whether MLflow's artifact proxy answers this path, in any version of its API. */
    static boolean covers(String path) {
        int tree = tree(path);
        return tree > 0 && path.startsWith(TREE, tree);
    }

    /**
     * Refuses what MLflow would cut, or what would take more than one artifact away.
     *
     * @throws GatewayFailure path_refused
     */
    static void check(String method, String path) {
        int tree = tree(path);
        if (path.indexOf('%') >= 0) {
            refuseWhatIsCut(path.toLowerCase(Locale.ROOT), tree);
        }
        if (!path.startsWith(ARTIFACTS, tree) || !method.equals("PUT") && !method.equals("DELETE")) {
            return;
        }
        int artifact = tree + ARTIFACTS.length() + 1;
        if (path.length() <= artifact || path.endsWith("/")) {
            throw GatewayFailure.pathRefused("it names no artifact");
        }
        if (method.equals("DELETE") && segments(path, artifact) < SEGMENTS_OF_A_RUN) {
            throw GatewayFailure.pathRefused(
                    "it names a whole experiment's artifacts; deleting takes <experiment>/<run>/…");
        }
    }

    private static int segments(String path, int from) {
        int segments = 1;
        for (int slash = path.indexOf('/', from); slash >= 0; slash = path.indexOf('/', slash + 1)) {
            segments++;
        }
        return segments;
    }

    private static void refuseWhatIsCut(String lower, int tree) {
        if (lower.contains("%23") || lower.contains("%3f")) {
            throw GatewayFailure.pathRefused(
                    "an artifact's name holds an encoded '#' or '?', where MLflow cuts it off");
        }
        // urllib.parse, through which MLflow 3.17 sends an artifact's name, drops both: ".%3B" is "." and "%20./x" is
        // "./x".
        if (lower.startsWith(ARTIFACTS + "/%20", tree) || lower.endsWith("%3b")) {
            throw GatewayFailure.pathRefused(
                    "an artifact's name begins with a space or ends in ';', which MLflow cuts off");
        }
    }

    /** Where the tree below {@code /api/<version>/} or {@code /ajax-api/<version>/} begins; -1 for other paths. */
    private static int tree(String path) {
        int version = path.startsWith("/api/") ? 5 : path.startsWith("/ajax-api/") ? 10 : -1;
        int slash = version < 0 ? -1 : path.indexOf('/', version);
        if (slash < 0) {
            return -1;
        }
        return path.startsWith("preview/", slash + 1) ? slash + 1 + "preview/".length() : slash + 1;
    }
}

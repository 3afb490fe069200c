package ai.hokus.torii.mlflow;

import ai.hokus.torii.exchange.GatewayFailure;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * What a request to MLflow's artifact proxy must name, and must not leave to MLflow's reading.
 *
 * <p>An upload or a deletion must name an artifact below a run, a model or an experiment: MLflow 3.17 deletes the whole
 * store for a path that names none, although it answers 500 ({@code DELETE …/artifacts/.}).
 */
final class ArtifactRule {

    private static final String TREE = "mlflow-artifacts/";
    private static final String ARTIFACTS = TREE + "artifacts";
    private static final int SEGMENTS_OF_A_RUN = 3;

    /** Where MLflow 3.17 with workspaces keeps each tenant's experiments: {@code workspaces/<name>/<experiment>/…}. */
    private static final String WORKSPACES = "workspaces/";

    private static final int SEGMENTS_OF_A_WORKSPACE = 2;

    private ArtifactRule() {}

    /** Whether MLflow's artifact proxy answers this path, in any version of its API. */
    static boolean covers(String path) {
        int tree = tree(path);
        return tree > 0 && path.startsWith(TREE, tree);
    }

    /**
     * Refuses what MLflow would cut or read otherwise, and what would take more than one artifact away.
     *
     * @throws GatewayFailure path_refused
     */
    static void check(String method, String path, String query) {
        int tree = tree(path);
        int name = name(path, tree);
        refuseScheme(path, name);
        if (path.indexOf('%') >= 0) {
            refuseWhatIsCut(path.toLowerCase(Locale.ROOT), name);
        }
        if (query != null && name >= path.length()) {
            refuseListedElsewhere(query);
        }
        if (!path.startsWith(ARTIFACTS, tree) || !method.equals("PUT") && !method.equals("DELETE")) {
            return;
        }
        int artifact = tree + ARTIFACTS.length() + 1;
        if (path.length() <= artifact || path.endsWith("/")) {
            throw GatewayFailure.pathRefused("it names no artifact");
        }
        int above = path.startsWith(WORKSPACES, artifact) ? SEGMENTS_OF_A_WORKSPACE : 0;
        if (method.equals("DELETE") && segments(path, artifact) < SEGMENTS_OF_A_RUN + above) {
            throw GatewayFailure.pathRefused(
                    "it names no single artifact but all of an experiment or a run; deleting takes"
                            + " <experiment>/<run>/<artifact>");
        }
    }

    /** Where the artifact's name begins: behind artifacts/, presigned/ or mpu/…/; the path's end where none does. */
    private static int name(String path, int tree) {
        int name = behindSegment(path, tree + TREE.length());
        return path.startsWith("mpu/", tree + TREE.length()) ? behindSegment(path, name) : name;
    }

    private static int behindSegment(String path, int from) {
        int slash = path.indexOf('/', from);
        return slash < 0 ? path.length() : slash + 1;
    }

    /**
     * MLflow 3.17 takes {@code file:} off a name's beginning, and what urllib then makes of {@code file:./x} depends on
     * the Python (3.13: {@code ./x}). No artifact's name begins with a scheme: the first segment is an experiment.
     */
    private static void refuseScheme(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ':' || c == '%' && text.regionMatches(true, i, "%3a", 0, 3)) {
                throw GatewayFailure.pathRefused("an artifact's name begins with a scheme like 'file:'");
            }
            if (!Character.isLetterOrDigit(c) && c != '+' && c != '-' && c != '.') {
                return;
            }
        }
    }

    private static void refuseWhatIsCut(String lower, int name) {
        if (lower.contains("%23") || lower.contains("%3f")) {
            throw GatewayFailure.pathRefused(
                    "an artifact's name holds an encoded '#' or '?', where MLflow cuts it off");
        }
        // urllib.parse, through which MLflow 3.17 sends an artifact's name, drops both: ".%3B" is "." and "%20./x" is
        // "./x".
        if (lower.startsWith("%20", name) || lower.endsWith("%3b")) {
            throw GatewayFailure.pathRefused(
                    "an artifact's name begins with a space or ends in ';', which MLflow cuts off");
        }
    }

    /** A listing names its folder in the query, which MLflow decodes until nothing changes and never normalises. */
    private static void refuseListedElsewhere(String query) {
        for (String parameter : query.split("&")) {
            int equals = parameter.indexOf('=');
            String key = decoded(equals < 0 ? parameter : parameter.substring(0, equals));
            String folder = equals < 0 ? "" : decoded(parameter.substring(equals + 1));
            if (!key.equals("path") || folder.isEmpty()) {
                continue;
            }
            refuseScheme(folder, 0);
            boolean odd = folder.startsWith(" ") || folder.startsWith("/") || folder.indexOf('\\') >= 0;
            if (odd || isEncoded(folder) || hasDotSegment(folder)) {
                throw GatewayFailure.pathRefused(
                        "its query's folder holds a '.' or '..' segment, a backslash or an escape"
                                + " of an escape, or begins with a space or a slash");
            }
        }
    }

    private static boolean hasDotSegment(String folder) {
        for (String segment : folder.split("/")) {
            if (segment.equals(".") || segment.equals("..")) {
                return true;
            }
        }
        return false;
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw GatewayFailure.pathRefused("its query holds a '%' that is no escape (write %25)");
        }
    }

    private static boolean isEncoded(String text) {
        for (int at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1)) {
            if (CanonicalPath.areHexDigits(text, at + 1)) {
                return true;
            }
        }
        return false;
    }

    private static int segments(String path, int from) {
        int segments = 1;
        for (int slash = path.indexOf('/', from); slash >= 0; slash = path.indexOf('/', slash + 1)) {
            segments++;
        }
        return segments;
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

package ai.hokus.torii.exchange;

/**
 * Where a request goes in MLflow.
 *
 * @param operation what it is about
 * @param mount the prefix the caller used, e.g. {@code /api/mlflow}; empty at the root
 * @param path the canonical path below the mount; the very string that was decided on
 * @param query the query as it came, without the question mark; null when there was none
 */
public record Route(Operation operation, String mount, String path, String query) {

    /** The request target for MLflow. */
    public String target() {
        return query == null ? path : path + "?" + query;
    }
}

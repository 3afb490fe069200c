package ai.hokus.torii.bench;

/**
 * One request to the gateway.
 *
 * @param path where to
 * @param key the key it shows; null: none
 */
record Call(String path, String key) {

    private static final String API = "/api/mlflow/api/2.0/mlflow/experiments/get?experiment_id=0";
    private static final String OPEN = "/health";

    /** To MLflow. */
    static Call withKey(String key) {
        return new Call(API, key);
    }

    /** To the path that needs no key and goes no further than the gateway. */
    static Call open(int number) {
        return new Call(OPEN, null);
    }
}

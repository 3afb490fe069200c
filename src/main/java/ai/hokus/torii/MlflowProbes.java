package ai.hokus.torii;

/** Cheap questions to MLflow; {@code /health} is none of them, for it is green while every API call is refused. */
final class MlflowProbes {

    static final String CONNECTIVITY = "/version";
    static final String API = "/api/2.0/mlflow/experiments/search?max_results=1";
    static final String ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts?path=torii-probe";

    private MlflowProbes() {}
}

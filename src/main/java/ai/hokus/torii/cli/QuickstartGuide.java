package ai.hokus.torii.cli;

import ai.hokus.torii.identity.ApiKey;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What is printed when everything runs: lines to paste into a shell, and what else one may want to know.
 *
 * @param apiPort where callers go
 * @param managementPort where the metrics are
 * @param key the key of this run
 * @param python the Python that has MLflow; empty: the user's own server is used, and the user's own Python
 * @param data the folder that survives
 */
record QuickstartGuide(int apiPort, int managementPort, ApiKey key, Optional<Path> python, Path data) {
    /** The requirements of the model are given because finding them out takes MLflow ten seconds. */
    private static final String TEXT = """

            Torii is ready. In a shell:

            export MLFLOW_TRACKING_URI=%1$s
            export MLFLOW_TRACKING_TOKEN=%2$s

            Register a model (%3$s):

            %4$s -c '
            import mlflow
            from sklearn.linear_model import LinearRegression
            model = LinearRegression().fit([[0], [1]], [0, 1])
            mlflow.sklearn.log_model(model, name="model", registered_model_name="hello-torii",
                                     pip_requirements=["scikit-learn"])
            '

            See it, the gateway's health and its metrics:

            curl -H "Authorization: Bearer $MLFLOW_TRACKING_TOKEN" http://127.0.0.1:%5$d/api/models
            curl http://127.0.0.1:%5$d/health
            curl http://127.0.0.1:%6$d/metrics

            From Java, whose client reads no token from the environment:

            new MlflowClient(new BasicMlflowHostCreds("%1$s", "%2$s"))

            The data are kept in %7$s; the next start makes a new key.
            Ctrl-C ends it.
            """;

    /** The address that clients are given. */
    static String trackingUri(int apiPort) {
        return "http://127.0.0.1:" + apiPort + "/api/mlflow";
    }

    /** All of it; the key is in it. */
    String text() {
        var whichPython = python.isPresent()
                ? "this Python has mlflow and scikit-learn"
                : "with a Python that has them: pip install " + String.join(" ", MlflowInstallation.requirements());
        var command = python.map(Path::toString).map(QuickstartGuide::quoted).orElse("python3");
        return TEXT.formatted(trackingUri(apiPort), key.reveal(), whichPython, command, apiPort, managementPort, data);
    }

    /** As a shell must be told it. */
    private static String quoted(String word) {
        return word.matches("[A-Za-z0-9_./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}

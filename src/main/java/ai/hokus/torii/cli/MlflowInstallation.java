package ai.hokus.torii.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** The MLflow that quickstart and the tests install: one version, and one version of all that it needs. */
public final class MlflowInstallation {
    private static final String VERSION = "3.17.2";
    private static final String CONSTRAINTS = "mlflow-constraints.txt";

    private MlflowInstallation() {}

    /** MLflow and scikit-learn, pinned by the constraints file that is packed beside this class. */
    public static PythonEnvironment.Spec pinned() {
        try (var in = MlflowInstallation.class.getResourceAsStream(CONSTRAINTS)) {
            var constraints = new String(in.readAllBytes(), UTF_8);
            return new PythonEnvironment.Spec("mlflow-" + VERSION, requirements(), constraints);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What {@code pip install} is told to install, the constraints aside. */
    static List<String> requirements() {
        return List.of("mlflow==" + VERSION, "scikit-learn");
    }
}

package ai.hokus.torii.cli;

import ai.hokus.torii.Gateway;
import ai.hokus.torii.config.ConfigLoader;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.config.InvalidConfigException;
import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;

/** Serves itself for a moment, so that the JVM can write down what a start needs; the build runs it. */
@Command(
        name = "rehearse",
        hidden = true,
        mixinStandardHelpOptions = true,
        description = {
            "Runs the gateway between stand-ins for MLflow, the auth service and the callers, all on free ports of"
                    + " 127.0.0.1, and ends. The build does this to make the JVM's archive of classes.",
            "The environment's TORII_*, API_* and MLFLOW_* settings have no effect here."
        })
final class RehearseCommand implements Callable<Integer> {

    private static final int LONGEST_SECONDS = 30;

    @Override
    public Integer call() {
        Vertx vertx = ServeCommand.vertx();
        try {
            RunningGateway running = RunningGateway.start(vertx, config(vertx));
            try {
                new Rehearsal(vertx, running.gateway()).run().await(LONGEST_SECONDS, TimeUnit.SECONDS);
            } finally {
                running.end();
            }
            return ToriiCommand.OK;
        } catch (Exception e) {
            String why = e.getMessage() == null ? "" : ": " + e.getMessage();
            System.err.println("the rehearsal failed: " + e.getClass().getSimpleName() + why);
            return ToriiCommand.FAILED;
        } finally {
            vertx.close();
        }
    }

    private static GatewayConfig config(Vertx vertx) throws Exception {
        RehearsalPeers peers = new RehearsalPeers(vertx);
        int mlflow = peers.mlflow().await(LONGEST_SECONDS, TimeUnit.SECONDS);
        int auth = peers.authService().await(LONGEST_SECONDS, TimeUnit.SECONDS);
        readAsServeDoes(vertx);
        Map<String, String> settings = new HashMap<>(Map.of(
                "MLFLOW_SERVER_URL", "http://127.0.0.1:" + mlflow,
                "HOKUSAI_AUTH_SERVICE_URL", "http://127.0.0.1:" + auth,
                "API_HOST", "127.0.0.1",
                "API_PORT", "0",
                "TORII_MANAGEMENT_PORT", "0",
                "TORII_DRAIN_DELAY", "0s",
                "TORII_DRAIN_GRACE", "5s"));
        return ConfigFileOption.await(new ConfigLoader(vertx, Gateway::problems).load(Optional.empty(), settings))
                .config();
    }

    /** The build's environment is read by the classes that read an operator's; what it says does not matter. */
    private static void readAsServeDoes(Vertx vertx) {
        try {
            new ConfigFileOption().load(vertx);
        } catch (InvalidConfigException e) {
            // As expected: it does not say where MLflow is.
        }
    }
}

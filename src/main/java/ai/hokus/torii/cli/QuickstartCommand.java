package ai.hokus.torii.cli;

import ai.hokus.torii.ListenException;
import ai.hokus.torii.config.ConfigLoader;
import ai.hokus.torii.config.InvalidConfigException;
import ch.qos.logback.classic.Level;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts MLflow, a key and the gateway, and prints what to paste; all on the loopback interface. */
@Command(
        name = "quickstart",
        mixinStandardHelpOptions = true,
        description = {
            "Installs MLflow once (Python 3.10 or newer is needed), starts it with a gateway in front of it, makes a key"
                    + " and prints what to paste. Everything listens on 127.0.0.1; Ctrl-C ends it all.",
            "The environment's TORII_*, API_* and MLFLOW_* settings have no effect here."
        })
final class QuickstartCommand implements Callable<Integer> {
    private static final int LARGEST_PORT = 65535;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Where MLflow's data and the key file are kept between runs; default:"
                    + " $${XDG_DATA_HOME:-~/.local/share}/torii/quickstart.")
    private Path data;

    @Option(
            names = "--mlflow-url",
            paramLabel = "URL",
            description = "Use this MLflow server instead of starting one; needs no Python.")
    private String mlflowUrl;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            defaultValue = "8080",
            description = "Where callers go; 0, or one that is taken: a free one. Default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(
            names = "--management-port",
            paramLabel = "PORT",
            defaultValue = "8081",
            description = "Where the metrics are; 0, or one that is taken: a free one. Default: ${DEFAULT-VALUE}.")
    private int managementPort;

    /** An MLflow that answers, or should; {@code python} is empty when it is the user's own. */
    private record Upstream(String url, String shownAs, Optional<Path> python) {}

    @Override
    public Integer call() {
        if (Math.min(port, managementPort) < 0 || Math.max(port, managementPort) > LARGEST_PORT) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), "a port is a number from 0 to " + LARGEST_PORT);
        }
        onlyWarnings();
        var life = QuickstartLife.begin();
        var code = ToriiCommand.FAILED;
        try {
            start(life);
            code = ToriiCommand.KEEPS_RUNNING;
        } catch (PythonUnavailableException e) {
            System.err.println(e.getMessage());
            code = ToriiCommand.UNAVAILABLE;
        } catch (InvalidConfigException e) {
            System.err.println(e.getMessage());
            code = ToriiCommand.INVALID_CONFIG;
        } catch (IOException | ListenException e) {
            System.err.println("cannot start: " + e.getMessage());
        } catch (InterruptedException e) {
            // The shutdown hook breaks the start off, waits for this thread and decides the exit code.
            System.err.println("the start is broken off");
        } finally {
            life.startIsOver(code);
        }
        return code;
    }

    private void start(QuickstartLife life)
            throws IOException, InterruptedException, PythonUnavailableException, InvalidConfigException,
                    ListenException {
        var environment = ConfigLoader.processEnvironment();
        var folder = QuickstartFolder.take(data == null ? QuickstartFolder.standard(environment) : data);
        life.add(folder::close);
        var upstream = mlflowUrl == null
                ? startMlflow(life, folder.path(), environment)
                : new Upstream(mlflowUrl, "MLflow at " + mlflowUrl, Optional.empty());
        var key = folder.renewKey(Clock.systemUTC().instant());
        var running = startGateway(life, upstream, folder.keyFile()).gateway();
        new QuickstartCheck(life, QuickstartGuide.trackingUri(running.apiPort()), key)
                .await(upstream.shownAs(), System.err::println);
        System.out.print(
                new QuickstartGuide(running.apiPort(), running.managementPort(), key, upstream.python(), folder.path())
                        .text());
        System.out.flush();
    }

    private static Upstream startMlflow(QuickstartLife life, Path folder, Map<String, String> environment)
            throws IOException, InterruptedException, PythonUnavailableException {
        var python = PythonEnvironment.ensure(MlflowInstallation.pinned(), environment, System.err::println);
        var mlflow = MlflowProcess.start(python, MlflowProcess.Options.in(folder), System.err::println);
        var log = folder.resolve("mlflow.log");
        life.add(mlflow, "MLflow has ended by itself; its log: " + log);
        return new Upstream(
                mlflow.uri().toString(),
                "MLflow at " + mlflow.uri() + " (log: " + log + ")",
                Optional.of(python.python()));
    }

    private RunningGateway startGateway(QuickstartLife life, Upstream upstream, Path keyFile)
            throws InvalidConfigException, ListenException {
        var api = QuickstartPort.of(port);
        var management = QuickstartPort.of(managementPort, api);
        var settings = Map.of(
                "MLFLOW_SERVER_URL", upstream.url(),
                "TORII_AUTH_FILE_PATH", keyFile.toString(),
                "API_HOST", "127.0.0.1",
                "API_PORT", Integer.toString(api.toListenOn()),
                "TORII_MANAGEMENT_PORT", Integer.toString(management.toListenOn()),
                "TORII_DRAIN_DELAY", "0s",
                "TORII_DRAIN_GRACE", "5s");
        Vertx vertx = ServeCommand.vertx();
        life.add(() -> vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS));
        var config = ConfigFileOption.await(new ConfigLoader(vertx).load(Optional.empty(), settings))
                .config();
        var running = RunningGateway.start(vertx, config);
        life.add(running);
        api.moved(running.gateway().apiPort()).ifPresent(System.err::println);
        management.moved(running.gateway().managementPort()).ifPresent(System.err::println);
        return running;
    }

    /** What is to be pasted must not drown among access lines. */
    private static void onlyWarnings() {
        if (LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME) instanceof ch.qos.logback.classic.Logger root) {
            root.setLevel(Level.WARN);
        }
    }
}

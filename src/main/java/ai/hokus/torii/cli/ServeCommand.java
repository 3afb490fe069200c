package ai.hokus.torii.cli;

import ai.hokus.torii.ListenException;
import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.Loaded;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Runs the gateway until a signal ends it. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = "Runs the gateway; ends in order on SIGTERM or Ctrl-C.")
final class ServeCommand implements Callable<Integer> {

    @Mixin
    private ConfigFileOption configFile;

    @Override
    public Integer call() {
        ProcessEnd end = ProcessEnd.begin();
        Vertx vertx = vertx();
        try {
            Loaded loaded = configFile.load(vertx);
            RunningGateway running = RunningGateway.start(vertx, loaded.config());
            running.follow(loaded, () -> configFile.read(vertx));
            end.isEndOf(running);
            return ToriiCommand.KEEPS_RUNNING;
        } catch (InvalidConfigException e) {
            System.err.println(e.getMessage());
            return ToriiCommand.INVALID_CONFIG;
        } catch (ListenException e) {
            System.err.println("cannot start: " + e.getMessage());
            return ToriiCommand.FAILED;
        }
    }

    static Vertx vertx() {
        int cores = Runtime.getRuntime().availableProcessors();
        return Vertx.vertx(new VertxOptions().setEventLoopPoolSize(Math.max(2, cores)));
    }

    /** Ends the process in a shutdown hook, behind the last line of the log. */
    static void halt(int code) {
        ProcessEnd.flushLog();
        Runtime.getRuntime().halt(code);
    }
}

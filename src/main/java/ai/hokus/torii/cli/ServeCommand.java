package ai.hokus.torii.cli;

import ai.hokus.torii.ListenException;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.config.InvalidConfigException;
import ch.qos.logback.classic.LoggerContext;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Runs the gateway until a signal ends it. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = "Runs the gateway; ends in order on SIGTERM or Ctrl-C.")
final class ServeCommand implements Callable<Integer> {

    private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

    @Mixin
    private ConfigFileOption configFile;

    @Override
    public Integer call() {
        Vertx vertx = vertx();
        try {
            GatewayConfig config = configFile.load(vertx).config();
            RunningGateway running = RunningGateway.start(vertx, config);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(running), "drain"));
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

    /** A JVM that a signal ends would exit with 128 + the signal's number; an orderly end is a 0. */
    private static void end(RunningGateway running) {
        try {
            LOG.info("draining");
            running.stop();
            LOG.info("drained");
            halt(ToriiCommand.OK);
        } catch (Exception e) {
            LOG.error("the end was not orderly", e);
            halt(ToriiCommand.FAILED);
        }
    }

    /** Ends the process in a shutdown hook. Log lines wait in a queue, so that no event loop waits for a terminal. */
    static void halt(int code) {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            context.stop();
        }
        Runtime.getRuntime().halt(code);
    }
}

package ai.hokus.torii.cli;

import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.Loaded;
import ai.hokus.torii.config.Loaded.Line;
import io.vertx.core.Vertx;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Prints the effective configuration and where each value came from, or every problem it has. */
@Command(
        name = "check-config",
        mixinStandardHelpOptions = true,
        description = "Prints the effective settings and where each came from, secrets redacted; exit code 78 and every"
                + " problem when the configuration is invalid.")
final class CheckConfigCommand implements Callable<Integer> {

    @Mixin
    private ConfigFileOption configFile;

    @Override
    public Integer call() {
        Vertx vertx = ServeCommand.vertx();
        try {
            Loaded loaded = configFile.load(vertx);
            int key = loaded.lines().stream()
                    .mapToInt(l -> l.key().length())
                    .max()
                    .orElse(0);
            int value = loaded.lines().stream()
                    .mapToInt(l -> l.value().length())
                    .max()
                    .orElse(0);
            for (Line line : loaded.lines()) {
                System.out.printf(
                        "%-" + key + "s  %-" + Math.max(1, value) + "s  %s%n", line.key(), line.value(), line.origin());
            }
            return ToriiCommand.OK;
        } catch (InvalidConfigException e) {
            System.err.println(e.getMessage());
            return ToriiCommand.INVALID_CONFIG;
        } finally {
            vertx.close();
        }
    }
}

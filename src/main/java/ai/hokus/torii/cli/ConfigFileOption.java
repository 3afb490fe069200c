package ai.hokus.torii.cli;

import ai.hokus.torii.Gateway;
import ai.hokus.torii.config.ConfigLoader;
import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.Loaded;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import picocli.CommandLine.Option;

/** The option that names a configuration file, and the loading that follows from it. */
final class ConfigFileOption {

    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            description = "Configuration file (YAML); default: the one TORII_CONFIG names, or none.")
    private Path file;

    /** Loads; blocks. */
    Loaded load(Vertx vertx) throws InvalidConfigException {
        return await(read(vertx));
    }

    /** Loads, again if need be. */
    Future<Loaded> read(Vertx vertx) {
        return new ConfigLoader(vertx, Gateway::problems)
                .load(Optional.ofNullable(file), ConfigLoader.processEnvironment());
    }

    /** Waits for a start-up step on a thread of the command line; an invalid configuration keeps its type. */
    static <T> T await(Future<T> future) throws InvalidConfigException {
        try {
            return future.toCompletionStage().toCompletableFuture().join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof InvalidConfigException invalid) {
                throw invalid;
            }
            throw e;
        }
    }
}

package ai.hokus.torii;

import ai.hokus.torii.auth.CachingKeyValidator;
import ai.hokus.torii.auth.FileKeyValidator;
import ai.hokus.torii.auth.HttpKeyValidator;
import ai.hokus.torii.auth.KeyValidator;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.Problem;
import ai.hokus.torii.telemetry.Meters;
import com.github.benmanes.caffeine.cache.Ticker;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.util.List;
import java.util.function.Function;

/** The configured auth source of a process: makes the validator of each event loop, and ends what they share. */
final class AuthSource {

    private final Function<Vertx, Handle> validators;
    private final Runnable shared;

    /** A validator for one event loop, and its end. */
    record Handle(KeyValidator validator, Runnable close) {}

    private AuthSource(Function<Vertx, Handle> validators, Runnable shared) {
        this.validators = validators;
        this.shared = shared;
    }

    /** Opens it; fails with an {@link InvalidConfigException} when the key file cannot be read. */
    static Future<AuthSource> open(Vertx vertx, AuthConfig config, Meters meters) {
        if (config.source() instanceof AuthConfig.Http http) {
            CachingKeyValidator.Memory verdicts =
                    new CachingKeyValidator.Memory(config.cache(), Ticker.systemTicker(), Clock.systemUTC());
            meters.gauge("torii.verdict.cache.entries", "Verdicts remembered", verdicts::size);
            return Future.succeededFuture(new AuthSource(
                    loop -> {
                        HttpKeyValidator service = new HttpKeyValidator(loop, http);
                        return new Handle(new CachingKeyValidator(service, verdicts), service::close);
                    },
                    () -> {}));
        }
        return openFile(vertx, (AuthConfig.KeyFile) config.source(), meters);
    }

    /** A look into the file's keys is as cheap as one into a memory, and never behind the file. */
    private static Future<AuthSource> openFile(Vertx vertx, AuthConfig.KeyFile config, Meters meters) {
        Runnable reloads = meters.counter("torii.key.file.reloads", "Versions of the key file that came into force");
        FileKeyValidator file = new FileKeyValidator(vertx, config, Clock.systemUTC(), reloads);
        return file.start()
                .map(v -> new AuthSource(loop -> new Handle(file, () -> {}), file::stop))
                .recover(cause -> Future.failedFuture(new InvalidConfigException(
                        List.of(new Problem("auth.file.path", "'" + config.path() + "' " + cause.getMessage())))));
    }

    /** The validator for the event loop this is called on; its user closes it. */
    Handle validator(Vertx loop) {
        return validators.apply(loop);
    }

    /** Ends what the validators share. */
    void close() {
        shared.run();
    }
}

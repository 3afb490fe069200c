package ai.hokus.torii.support;

import ai.hokus.torii.auth.AuthContract;
import ai.hokus.torii.auth.HttpKeyValidator;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.config.AuthServiceConfig;
import ai.hokus.torii.config.ConfigLoader;
import ai.hokus.torii.tls.TlsWatch;
import com.github.benmanes.caffeine.cache.Ticker;
import io.vertx.core.Vertx;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The configuration of an auth source as the gateway reads it, and validators made from it. */
public final class AuthServices {

    private AuthServices() {}

    /** The shipped defaults with this address and these settings: names and values, in turn. */
    public static AuthConfig config(Vertx vertx, String url, String... settings) throws Exception {
        return new ConfigLoader(vertx)
                .load(Optional.empty(), TestGateway.environment("http://mlflow.test:5000", url, settings))
                .await(10, TimeUnit.SECONDS)
                .config()
                .auth();
    }

    public static AuthServiceConfig service(Vertx vertx, String url, String... settings) throws Exception {
        return (AuthServiceConfig) config(vertx, url, settings).source();
    }

    /** Asks this service; whoever made it closes it. */
    public static HttpKeyValidator validator(Vertx vertx, String url, String... settings) throws Exception {
        AuthServiceConfig service = service(vertx, url, settings);
        return new HttpKeyValidator(vertx, service, new AuthContract(service, Ticker.systemTicker()), TlsWatch.NONE);
    }
}

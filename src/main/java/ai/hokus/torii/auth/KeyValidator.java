package ai.hokus.torii.auth;

import ai.hokus.torii.identity.ApiKey;
import io.vertx.core.Future;

/** Tells whose a key is. */
public interface KeyValidator {

    /**
     * Asks for the verdict on a key.
     *
     * @param key what the caller showed
     * @param clientIp the caller's address, without port
     * @return the verdict; a failed future with a {@code GatewayFailure} when nobody could tell. Completes on the
     *     caller's event loop
     */
    Future<Answer> validate(ApiKey key, String clientIp);

    /**
     * A verdict and whether it was remembered.
     *
     * @param verdict what is known
     * @param isCached whether nobody had to be asked
     */
    record Answer(Verdict verdict, boolean isCached) {}
}

package ai.hokus.torii.auth;

import ai.hokus.torii.exchange.VerdictSource;
import io.vertx.core.Future;

/** Tells whose a key is. */
public interface KeyValidator {

    /**
     * Asks for the verdict on a key.
     *
     * @return the verdict; a failed future with a {@code GatewayFailure} when nobody could tell. Completes on the
     *     caller's event loop
     */
    Future<Answer> validate(Inquiry inquiry);

    /**
     * A verdict and where it came from.
     *
     * @param verdict what is known
     * @param source who said so
     */
    record Answer(Verdict verdict, VerdictSource source) {}
}

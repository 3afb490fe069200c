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

    /** Whether this key was accepted when it was last asked about, and that not long ago; asks nobody. */
    default boolean isKnown(Inquiry inquiry) {
        return false;
    }

    /**
     * A verdict and where it came from.
     *
     * @param verdict what is known
     * @param source who said so
     */
    record Answer(Verdict verdict, VerdictSource source) {}
}

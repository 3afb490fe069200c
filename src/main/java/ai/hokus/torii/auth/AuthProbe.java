package ai.hokus.torii.auth;

import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.auth.Verdict.Rejected;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.identity.ApiKey;
import io.vertx.core.Future;
import java.security.SecureRandom;
import java.util.Optional;

/**
 * Finds out whether the auth source understands us: by a key that cannot exist, which it must refuse, and by the canary
 * key, which it must accept.
 */
public final class AuthProbe {

    /** What the platform's keys begin with. */
    public static final String KEY_PREFIX = "hk_live_";

    private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private static final int SECRET_LENGTH = 32;
    private static final String HERE = "127.0.0.1";
    private static final SecureRandom RANDOM = new SecureRandom();

    private AuthProbe() {}

    /** A new random key of the platform's shape; unguessable. */
    public static ApiKey randomKey() {
        return randomKey(KEY_PREFIX);
    }

    /** A new random key behind this prefix; unguessable. */
    public static ApiKey randomKey(String prefix) {
        StringBuilder text = new StringBuilder(prefix);
        for (int i = 0; i < SECRET_LENGTH; i++) {
            text.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
        }
        return ApiKey.parse(text.toString()).orElseThrow();
    }

    /**
     * Succeeds when a random key is refused and the canary key, if there is one, accepted.
     *
     * @return fails with the outage; with auth_contract when the random key is accepted, or answered by a 403, which a
     *     door before the service gives; with auth_contract_suspect when the canary key is not accepted
     */
    public static Future<Void> run(KeyValidator validator, Optional<ApiKey> canary) {
        return validator.validate(new Inquiry(randomKey(), HERE, true)).compose(answer -> {
            if (answer.verdict() instanceof Accepted) {
                return Future.failedFuture(GatewayFailure.authContract("it accepts a key that does not exist"));
            }
            if (answer.verdict() instanceof Rejected rejected && rejected.refusal() == Verdict.Refusal.NOT_ALLOWED) {
                return Future.failedFuture(
                        GatewayFailure.authContract("it answers 403 or 402 about a key that does not exist"));
            }
            return canary.map(key -> accepts(validator, key)
                            .<Void>compose(good -> good
                                    ? Future.succeededFuture()
                                    : Future.failedFuture(GatewayFailure.authContractSuspect(
                                            "it does not accept the canary key (auth.http.canary-key)"))))
                    .orElse(Future.succeededFuture());
        });
    }

    /** Whether this key is accepted; fails with the outage. */
    static Future<Boolean> accepts(KeyValidator validator, ApiKey key) {
        return validator.validate(new Inquiry(key, HERE, true)).map(answer -> answer.verdict() instanceof Accepted);
    }
}

package ai.hokus.torii.auth;

import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.identity.ApiKey;
import io.vertx.core.Future;
import java.security.SecureRandom;

/**
 * Finds out whether the auth source understands us, by a key that cannot exist: the one right answer is a refusal.
 */
public final class AuthProbe {

    private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private static final int SECRET_LENGTH = 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    private AuthProbe() {}

    /** A new random key of the platform's shape; unguessable. */
    public static ApiKey randomKey(String prefix) {
        StringBuilder text = new StringBuilder(prefix);
        for (int i = 0; i < SECRET_LENGTH; i++) {
            text.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
        }
        return ApiKey.parse(text.toString()).orElseThrow();
    }

    /** Succeeds when the random key is refused; fails with the outage, or because it was accepted. */
    public static Future<Void> run(KeyValidator validator) {
        return validator
                .validate(randomKey("hk_live_"), "127.0.0.1")
                .compose(answer -> answer.verdict() instanceof Accepted
                        ? Future.failedFuture(GatewayFailure.authContract("it accepts a key that does not exist"))
                        : Future.succeededFuture());
    }
}

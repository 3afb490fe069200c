package ai.hokus.torii.auth;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.KeyCheck;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.identity.ApiKey;
import ai.hokus.torii.identity.Principal;
import io.vertx.core.Future;
import java.util.Optional;

/** Admits an exchange whose key the validator accepts; used on the exchange's event loop. */
public final class AuthenticateStage {

    private final KeyValidator validator;
    private final KeyHasher marks;

    /** Asks this validator; {@code marks} stands for keys that it did not accept, and belongs to this stage. */
    public AuthenticateStage(KeyValidator validator, KeyHasher marks) {
        this.validator = validator;
        this.marks = marks;
    }

    /** Whether an exchange carries a key that was accepted when it was last asked about; asks nobody. */
    public boolean isKnown(Exchange exchange) {
        try {
            return validator.isKnown(new Inquiry(
                    Credentials.find(exchange.request().headers()),
                    exchange.clientIp(),
                    exchange.operation().isRead()));
        } catch (GatewayFailure none) {
            return false;
        }
    }

    /** Succeeds when the key is accepted and the principal is noted; fails with the refusal, or with the outage. */
    public Future<Void> apply(Exchange exchange) {
        long start = System.nanoTime();
        ApiKey key = Credentials.find(exchange.request().headers());
        return validator
                .validate(new Inquiry(
                        key, exchange.clientIp(), exchange.operation().isRead(), Optional.of(exchange.trace())))
                .onFailure(cause -> {
                    exchange.keyCheck(new KeyCheck(
                            GatewayFailure.from(cause).reason().code(), VerdictSource.CALL, System.nanoTime() - start));
                    exchange.keyMark(marks.mark(key));
                })
                .compose(answer -> {
                    exchange.keyCheck(
                            new KeyCheck(answer.verdict().outcome(), answer.source(), System.nanoTime() - start));
                    if (answer.source() == VerdictSource.STALE) {
                        exchange.response().putHeader("X-Torii-Verdict", "stale");
                    }
                    Future<Principal> admitted = answer.verdict().admit();
                    if (admitted.failed()) {
                        exchange.keyMark(marks.mark(key));
                    }
                    return admitted;
                })
                .map(principal -> {
                    exchange.principal(principal);
                    return null;
                });
    }
}

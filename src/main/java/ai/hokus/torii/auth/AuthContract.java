package ai.hokus.torii.auth;

import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.auth.Verdict.Refusal;
import ai.hokus.torii.auth.Verdict.Rejected;
import ai.hokus.torii.config.AuthServiceConfig;
import ai.hokus.torii.config.AuthServiceConfig.Form;
import ai.hokus.torii.config.Secret;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.identity.ApiKey;
import com.github.benmanes.caffeine.cache.Ticker;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The form in which the auth service is asked: the configured one, or the one it was found to understand.
 *
 * <p>It is found with a key that cannot exist, and with the canary key where there is one; a caller's key is never sent
 * in a form that is only tried. A form is understood when it finds the key and refuses it, and proven when it accepts
 * the canary key. Safe for concurrent use; one for a process.
 */
public final class AuthContract {

    private static final Logger LOG = LoggerFactory.getLogger(AuthContract.class);
    private static final long SEARCH_PAUSE_NANOS = Duration.ofMinutes(1).toNanos();

    private final Ticker ticker;
    private final Optional<ApiKey> canary;
    private final List<Form> candidates;
    private volatile Form form;
    private long lastSearchNanos;

    /** Of a configured form, or of one still to be found. */
    public AuthContract(AuthServiceConfig config, Ticker ticker) {
        this.ticker = ticker;
        this.canary = config.canaryKey().map(Secret::reveal).flatMap(ApiKey::parse);
        this.form =
                config.question().form() == Form.AUTO ? null : config.question().form();
        this.candidates = form == null ? candidates(config) : List.of();
        this.lastSearchNanos = ticker.read() - SEARCH_PAUSE_NANOS;
    }

    private static List<Form> candidates(AuthServiceConfig config) {
        List<Form> candidates = new ArrayList<>(List.of(Form.HEADER, Form.BODY));
        config.question().serviceCredential().ifPresent(credential -> candidates.add(Form.SERVICE));
        return candidates;
    }

    /** The form to ask in; empty while it is not known. */
    Optional<Form> form() {
        return Optional.ofNullable(form);
    }

    /** The key that must be accepted whenever all is well; empty: none is configured. */
    public Optional<ApiKey> canary() {
        return canary;
    }

    /** Whether a form that is not understood any more may be searched for anew; at most once a minute. */
    synchronized boolean mayBeSoughtAnew() {
        if (candidates.isEmpty() || ticker.read() - lastSearchNanos < SEARCH_PAUSE_NANOS) {
            return false;
        }
        lastSearchNanos = ticker.read();
        return true;
    }

    /**
     * Finds the form.
     *
     * @param ask asks about a key in a form
     * @return the form; a failed future with auth_contract when the service understands none, with the outage when it
     *     cannot answer
     */
    Future<Form> seek(BiFunction<Form, ApiKey, Future<Verdict>> ask) {
        ApiKey stranger = AuthProbe.randomKey();
        return seek(ask, stranger, 0, null);
    }

    private Future<Form> seek(
            BiFunction<Form, ApiKey, Future<Verdict>> ask, ApiKey stranger, int index, Form understood) {
        if (index == candidates.size()) {
            return understood == null
                    ? Future.failedFuture(GatewayFailure.authContract("it understands no form of " + candidates))
                    : Future.succeededFuture(found(understood));
        }
        Form candidate = candidates.get(index);
        return isUnderstood(ask, candidate, stranger).compose(yes -> {
            if (!yes) {
                return seek(ask, stranger, index + 1, understood);
            }
            if (canary.isEmpty()) {
                return Future.succeededFuture(found(candidate));
            }
            return ask.apply(candidate, canary.get())
                    .compose(verdict -> verdict instanceof Accepted
                            ? Future.succeededFuture(found(candidate))
                            : seek(ask, stranger, index + 1, understood == null ? candidate : understood));
        });
    }

    private static Future<Boolean> isUnderstood(
            BiFunction<Form, ApiKey, Future<Verdict>> ask, Form candidate, ApiKey stranger) {
        return ask.apply(candidate, stranger)
                .map(verdict -> verdict.equals(new Rejected(Refusal.REFUSED)))
                .recover(cause -> GatewayFailure.from(cause).reason() == Reason.AUTH_CONTRACT
                        ? Future.succeededFuture(false)
                        : Future.failedFuture(cause));
    }

    private Form found(Form found) {
        if (form != found) {
            LOG.info("the auth service understands the form '{}'", found.name().toLowerCase(java.util.Locale.ROOT));
        }
        form = found;
        return found;
    }
}

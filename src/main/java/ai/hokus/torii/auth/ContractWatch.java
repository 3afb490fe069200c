package ai.hokus.torii.auth;

import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.identity.ApiKey;
import com.github.benmanes.caffeine.cache.Ticker;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Suspects our own settings when the auth service refuses everybody: a wrong service id looks like bad keys, to each
 * caller and to the service.
 *
 * <p>Suspicion needs twenty distinct refused keys and not one accepted since the start, and then proof by our own
 * probe, at most once a minute: the service answers, and no canary key is accepted. One accepted key ends it for good.
 * Safe for concurrent use; one for a process.
 */
public final class ContractWatch {

    private static final Logger LOG = LoggerFactory.getLogger(ContractWatch.class);
    private static final int DISTINCT_REFUSED = 20;
    private static final long PROBE_PAUSE_NANOS = Duration.ofMinutes(1).toNanos();

    private final Ticker ticker;
    private final Set<KeyHash> refused = new HashSet<>();
    private volatile boolean accepted;
    private volatile boolean suspect;
    private boolean probed;
    private long probeNanos;

    /** Suspects nothing. */
    public ContractWatch(Ticker ticker) {
        this.ticker = ticker;
    }

    /**
     * The same validator, watched.
     *
     * @param validator asks the auth service
     * @param canary the key that must be accepted whenever all is well; empty: none
     * @param hasher tells keys apart without holding them; of the event loop the validator is used on
     */
    public KeyValidator over(KeyValidator validator, Optional<ApiKey> canary, KeyHasher hasher) {
        return inquiry -> validator.validate(inquiry).onSuccess(answer -> {
            if (!accepted) {
                saw(() -> hasher.hashWithoutAddress(inquiry), answer.verdict(), () -> settle(validator, canary));
            }
        });
    }

    /** Whether a key of our own settles the matter; fails when the service cannot answer as it should. */
    private static Future<Boolean> settle(KeyValidator validator, Optional<ApiKey> canary) {
        return canary.map(key -> AuthProbe.accepts(validator, key))
                .orElseGet(() -> AuthProbe.run(validator, Optional.empty()).map(refusedAsItShould -> false));
    }

    private void saw(Supplier<KeyHash> key, Verdict verdict, Supplier<Future<Boolean>> probe) {
        if (verdict instanceof Accepted) {
            trust();
        } else if (refusedOnceMore(key.get())) {
            probe.get().onSuccess(good -> {
                if (good) {
                    trust();
                } else {
                    suspect();
                }
            });
        }
    }

    private synchronized void trust() {
        if (suspect) {
            LOG.info("the auth service has accepted a key: its contract is no longer suspected");
        }
        accepted = true;
        suspect = false;
        refused.clear();
    }

    private synchronized void suspect() {
        if (!accepted && !suspect) {
            suspect = true;
            LOG.warn(
                    "auth_contract_suspect: the auth service has refused {} different keys and accepted none since the"
                            + " start; check auth.http.service-id (AUTH_SERVICE_ID) and auth.http.form",
                    DISTINCT_REFUSED);
        }
    }

    private synchronized boolean refusedOnceMore(KeyHash key) {
        if (refused.size() < DISTINCT_REFUSED) {
            refused.add(key);
        }
        long now = ticker.read();
        boolean paused = probed && now - probeNanos < PROBE_PAUSE_NANOS;
        if (refused.size() < DISTINCT_REFUSED || suspect || paused) {
            return false;
        }
        probed = true;
        probeNanos = now;
        return true;
    }

    /** Whether our settings for the auth service are suspected. */
    public boolean isSuspect() {
        return suspect;
    }
}

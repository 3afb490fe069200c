package ai.hokus.torii.telemetry;

import ai.hokus.torii.exchange.Decision;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.identity.Principal;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells an operator of what calls for a change of settings: operations that the catalogue does not know, and refusals
 * that are only rehearsed. At most one line a second of each, with a count of those left out: the numbers are in the
 * metrics and every exchange is in the access log. Safe for all event loops.
 */
final class DecisionLog {

    private static final Logger LOG = LoggerFactory.getLogger("torii.authorization");

    private final Throttle unknown = new Throttle(System::nanoTime, Duration.ofSeconds(1));
    private final Throttle rehearsed = new Throttle(System::nanoTime, Duration.ofSeconds(1));

    void ended(Exchange exchange) {
        Decision decision = exchange.decision().orElse(null);
        if (decision == null) {
            return;
        }
        boolean isKnown = exchange.operation().isKnown();
        if (isKnown && (decision.refusal().isEmpty() || decision.isEnforced())) {
            return;
        }
        long leftOut = (isKnown ? rehearsed : unknown).admit();
        if (leftOut >= 0) {
            write(exchange, decision, leftOut);
        }
    }

    private static void write(Exchange exchange, Decision decision, long leftOut) {
        LOG.warn(
                "{} operation={} method={} path={} key_id={} reason={} needed={} request={} left_out={}",
                decision.outcome(),
                SafeText.quoted(exchange.operation().name()),
                SafeText.quoted(exchange.request().method().name()),
                SafeText.quoted(SafeText.path(exchange.head().target())),
                exchange.principal().map(Principal::keyId).map(SafeText::quoted).orElse("-"),
                decision.refusal().map(refusal -> refusal.reason().code()).orElse("-"),
                SafeText.quoted(decision.needed()),
                exchange.id(),
                leftOut);
    }
}

package ai.hokus.torii.telemetry;

import ai.hokus.torii.exchange.Decision;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.identity.Principal;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells an operator of what calls for a change of settings: operations that the catalogue does not know, and refusals
 * that are only rehearsed. At most one line a second, with a count of those left out: the numbers are in the metrics and
 * every exchange is in the access log. Safe for all event loops.
 */
final class DecisionLog {

    private static final Logger LOG = LoggerFactory.getLogger("torii.authorization");
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final LongSupplier nanoTime;
    private final AtomicLong next;
    private final AtomicLong leftOut = new AtomicLong();

    /** Times by this clock. */
    DecisionLog(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.next = new AtomicLong(nanoTime.getAsLong());
    }

    void ended(Exchange exchange) {
        Decision decision = exchange.decision().orElse(null);
        if (decision == null) {
            return;
        }
        boolean rehearsed = decision.refusal().isPresent() && !decision.isEnforced();
        if (!rehearsed && exchange.operation().isKnown()) {
            return;
        }
        long now = nanoTime.getAsLong();
        long from = next.get();
        if (now - from < 0 || !next.compareAndSet(from, now + PAUSE_NANOS)) {
            leftOut.incrementAndGet();
            return;
        }
        LOG.warn(
                "{} operation={} method={} path={} key_id={} reason={} request={} left_out={}",
                exchange.operation().isKnown() ? "would refuse" : "unknown operation, " + decision.outcome(),
                exchange.operation().name(),
                exchange.request().method().name(),
                AccessLog.path(exchange.request().uri()),
                exchange.principal().map(Principal::keyId).map(AccessLog::text).orElse("-"),
                decision.refusal().map(refusal -> refusal.reason().code()).orElse("-"),
                exchange.id(),
                leftOut.getAndSet(0));
    }
}

package ai.hokus.torii.telemetry;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.exchange.Order;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.identity.Principal;
import ai.hokus.torii.telemetry.AuditLine.Event;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log {@code torii.audit}: refusals, and what was asked of MLflow that takes away, changes the registry or touches
 * identities and settings, by the access and the area that the route catalogue gives an operation; and operators' orders.
 * Refusals are sampled, nothing else is. Safe for all event loops.
 */
final class AuditLog {

    private static final Logger LOG = LoggerFactory.getLogger("torii.audit");
    private static final String REGISTRY = "registry";
    private static final Set<Integer> REFUSALS = Set.of(401, 403, 429);

    private final Sampling sampling;

    /** Refusals beyond what this lets through are left out. */
    AuditLog(Sampling sampling) {
        this.sampling = sampling;
    }

    void ended(Exchange exchange) {
        Event event = event(exchange);
        if (event == null || !LOG.isInfoEnabled()) {
            return;
        }
        if (event != Event.REFUSAL || sampling.admits(Telemetry.reason(exchange))) {
            LOG.info(LogLine.MESSAGE, line(exchange, event));
        }
    }

    /** What an operator has ordered, or was refused. */
    void ordered(Order order) {
        boolean isRefused = order.failure().map(AuditLog::isRefusal).orElse(false);
        if (isRefused && !sampling.admits(order.failure().get().reason().code())) {
            return;
        }
        LOG.info(
                LogLine.MESSAGE,
                new AuditLine(
                        Event.ORDER,
                        order.failure()
                                .map(failure -> isRefusal(failure) ? "refused" : "failed")
                                .orElse("done"),
                        order.name(),
                        order.method(),
                        SafeText.path(order.target()),
                        order.keyId().orElse(null),
                        order.failure().map(GatewayFailure::status).orElse(200),
                        order.failure().map(failure -> failure.reason().code()).orElse("ok"),
                        null,
                        null,
                        order.peer(),
                        order.peer(),
                        order.requestId(),
                        null));
    }

    /** What kind of entry an exchange is; null: none. */
    private static Event event(Exchange exchange) {
        if (exchange.failure().isPresent() && isRefusal(exchange.failure().get())) {
            return Event.REFUSAL;
        }
        // Before that, MLflow was not asked for anything.
        return exchange.waitNanos() < 0
                ? null
                : event(exchange.operation(), exchange.request().method().name());
    }

    static Event event(Operation operation, String method) {
        boolean reads = method.equals("GET") || method.equals("HEAD");
        if (!operation.isKnown()) {
            return reads ? null : method.equals("DELETE") ? Event.DELETION : Event.ADMINISTRATION;
        }
        boolean changes = operation.access().compareTo(Access.WRITE) >= 0;
        if (!changes) {
            return null;
        }
        if (operation.access() == Access.DELETE
                || method.equals("DELETE")
                || operation.name().startsWith("delete")) {
            return Event.DELETION;
        }
        if (operation.area().equals(REGISTRY)) {
            return Event.REGISTRY_CHANGE;
        }
        return operation.access() == Access.ADMIN && !reads ? Event.ADMINISTRATION : null;
    }

    private static boolean isRefusal(GatewayFailure failure) {
        return REFUSALS.contains(failure.status());
    }

    private static AuditLine line(Exchange exchange, Event event) {
        Optional<Principal> principal = exchange.principal();
        return new AuditLine(
                event,
                outcome(exchange, event),
                exchange.operation().name(),
                exchange.request().method().name(),
                SafeText.path(exchange.head().target()),
                null,
                AccessLine.status(exchange),
                Telemetry.reason(exchange),
                principal.map(Principal::keyId).orElse(null),
                principal.map(Principal::userId).orElse(null),
                exchange.peer(),
                exchange.clientIp(),
                exchange.id(),
                exchange.trace().id());
    }

    private static String outcome(Exchange exchange, Event event) {
        if (event == Event.REFUSAL) {
            return "refused";
        }
        if (exchange.failure().isPresent()) {
            Reason reason = exchange.failure().get().reason();
            return reason == Reason.UPSTREAM_UNREACHABLE || reason == Reason.OVERLOADED ? "failed" : "unknown";
        }
        int status = AccessLine.status(exchange);
        return status < 0 ? "unknown" : status < 300 ? "done" : "failed";
    }
}

package ai.hokus.torii.telemetry;

import ai.hokus.torii.config.LogConfig;
import ai.hokus.torii.exchange.Blame;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.Order;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the facts of every exchange once, when it has ended. Safe for all event loops. */
public final class Telemetry {

    /** The caller left before its answer was there. */
    static final String CALLER_GONE = "caller_gone";

    /** MLflow answered with a 5xx of its own, which was passed on. */
    static final String ANSWERED_5XX = "answered_5xx";

    private static final Logger ACCESS = LoggerFactory.getLogger("torii.access");
    private static final Logger AUDIT = LoggerFactory.getLogger("torii.audit");

    private final Meters meters;
    private final Sampling strangers = new Sampling(System::nanoTime);
    private final Sampling refusals = new Sampling(System::nanoTime);
    private final AuditLog auditLog = new AuditLog(refusals);
    private final DecisionLog decisionLog = new DecisionLog();
    private final Consumer<Exchange> observer;

    /** Feeds these meters, the logs, and one observer of ended exchanges. */
    public Telemetry(Meters meters, Consumer<Exchange> observer) {
        this.meters = meters;
        this.observer = observer;
        String name = "torii.log.lines.left.out";
        String description =
                "Lines that were not written: in a flood of refusals, or because the log could not keep up";
        meters.counter(name, description, "cause", "flood", () -> strangers.leftOutEver() + refusals.leftOutEver());
        meters.counter(name, description, "cause", "queue", LogOutput::leftOut);
    }

    /** Follows these settings from now on, the log of the whole process with it. */
    public void use(LogConfig config) {
        strangers.perSecond(config.refusalsPerSecond());
        refusals.perSecond(config.refusalsPerSecond());
        LogOutput.use(config.format());
    }

    /** Counts the exchange as in flight until it ends. */
    public void opened(Exchange exchange) {
        meters.opened();
        exchange.onEnd(this::ended);
    }

    /** The same; runs {@code then} when all have read the facts. */
    public void opened(Exchange exchange, Runnable then) {
        meters.opened();
        exchange.onEnd(over -> {
            ended(over);
            then.run();
        });
    }

    private void ended(Exchange exchange) {
        meters.ended(exchange);
        boolean isKnown = exchange.principal().isPresent();
        if (ACCESS.isInfoEnabled() && (isKnown || strangers.admits(reason(exchange)))) {
            ACCESS.info(LogLine.MESSAGE, AccessLine.of(exchange));
        }
        auditLog.ended(exchange);
        decisionLog.ended(exchange);
        observer.accept(exchange);
    }

    /** An operator has ordered something, or tried to. */
    public void ordered(Order order) {
        auditLog.ordered(order);
    }

    /** Says what the logs have left out since it was last asked, if anything; asked once a second, and at the end. */
    public void tellLeftOut() {
        tell(ACCESS, strangers.take());
        tell(AUDIT, refusals.take());
    }

    private static void tell(Logger log, Sampling.LeftOut leftOut) {
        if (leftOut != null) {
            log.info(LogLine.MESSAGE, leftOut);
        }
    }

    /** What an exchange came to, for a tag or a log line: "ok", a failure's code, or what else did not go well. */
    static String reason(Exchange exchange) {
        if (exchange.failure().isPresent()) {
            return exchange.failure().get().reason().code();
        }
        if (exchange.isCallerGone()) {
            return CALLER_GONE;
        }
        return isAnswered5xx(exchange) ? ANSWERED_5XX : "ok";
    }

    /**
     * Whose side it is on that an exchange did not go well; empty when it did. MLflow's own 5xx is MLflow's, its 4xx is an
     * answer like others, and whoever leaves before the answer is there has done so himself.
     */
    static Optional<Blame> blame(Exchange exchange) {
        if (exchange.failure().isPresent()) {
            return Optional.of(exchange.failure().get().reason().blame());
        }
        if (exchange.isCallerGone()) {
            return Optional.of(Blame.CALLER);
        }
        return isAnswered5xx(exchange) ? Optional.of(Blame.UPSTREAM) : Optional.empty();
    }

    private static boolean isAnswered5xx(Exchange exchange) {
        return exchange.upstreamNanos() >= 0 && exchange.response().getStatusCode() >= 500;
    }
}

package ai.hokus.torii.telemetry;

import ai.hokus.torii.exchange.Exchange;
import java.util.function.Consumer;

/** Reads the facts of every exchange once, when it has ended. Safe for all event loops. */
public final class Telemetry {

    private final Meters meters;
    private final AccessLog accessLog;
    private final DecisionLog decisionLog;
    private final Consumer<Exchange> observer;

    /** Feeds these meters, the access log, and one observer of ended exchanges. */
    public Telemetry(Meters meters, Consumer<Exchange> observer) {
        this.meters = meters;
        this.accessLog = new AccessLog();
        this.decisionLog = new DecisionLog();
        this.observer = observer;
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
        accessLog.ended(exchange);
        decisionLog.ended(exchange);
        observer.accept(exchange);
    }

    /** What an exchange came to, for a tag or a log line: "ok", a failure's code, or that the caller left. */
    static String reason(Exchange exchange) {
        if (exchange.failure().isPresent()) {
            return exchange.failure().get().reason().code();
        }
        return exchange.isCallerGone() ? "caller_gone" : "ok";
    }
}

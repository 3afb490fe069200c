package ai.hokus.torii;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.KeyCheck;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.health.HealthMonitor;
import java.util.Set;
import java.util.function.Consumer;

/** Traffic that went well, which spares the health checks the asking. Safe for all event loops. */
record Evidence(HealthMonitor health) implements Consumer<Exchange> {

    private static final Set<String> NO_API = Set.of("server", "ui", "other", "added");

    @Override
    public void accept(Exchange exchange) {
        boolean asked = exchange.keyCheck()
                .map(KeyCheck::source)
                .filter(VerdictSource.CALL::equals)
                .isPresent();
        if (asked && exchange.principal().isPresent()) {
            health.seen(Gateway.AUTH);
        }
        boolean answered = exchange.upstreamNanos() >= 0 && exchange.failure().isEmpty();
        // These are exempt from MLflow's host check, so they prove nothing about its API.
        boolean isApi = !NO_API.contains(exchange.operation().area());
        if (answered && isApi && exchange.response().getStatusCode() < 300) {
            health.seen(exchange.operation().isArtifactTransfer() ? Gateway.ARTIFACTS : Gateway.MLFLOW);
        }
    }
}

package ai.hokus.torii;

import ai.hokus.torii.config.LimitsConfig;
import ai.hokus.torii.exchange.BodyLimit;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import io.vertx.core.http.HttpHeaders;

/**
 * Refuses a body that is larger than its route class may have: at once by its Content-Length, before a byte of it is
 * asked for; one without a length as soon as too much of it has come, which the exchange is told to heed.
 */
final class BodyLimitStage {

    private final BodyLimit control;
    private final BodyLimit artifact;

    BodyLimitStage(LimitsConfig config) {
        this.control = new BodyLimit("limits.control-body", config.controlBodyBytes());
        this.artifact = new BodyLimit("limits.artifact-body", config.artifactBodyBytes());
    }

    /**
     * Looks at the body that was announced.
     *
     * @throws GatewayFailure body_too_large
     */
    void apply(Exchange exchange) {
        BodyLimit limit = exchange.operation().isArtifactTransfer() ? artifact : control;
        if (limit.maxBytes() == LimitsConfig.NONE) {
            return;
        }
        if (exchange.heldBody().isPresent()) {
            limit.check(exchange.heldBody().get().length());
            return;
        }
        String length = exchange.request().getHeader(HttpHeaders.CONTENT_LENGTH);
        if (length != null) {
            limit.checkLength(length);
        } else if (exchange.declaresBody()) {
            exchange.bodyLimit(limit);
        }
    }
}

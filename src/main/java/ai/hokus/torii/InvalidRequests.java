package ai.hokus.torii;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.FailureHandler;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.telemetry.Telemetry;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpServerRequest;

/** Answers what the HTTP decoder itself refuses, in the same shape as every other failure, and counts it alike. */
final class InvalidRequests implements Handler<HttpServerRequest> {

    private final FailureHandler failures;
    private final Telemetry telemetry;

    InvalidRequests(FailureHandler failures, Telemetry telemetry) {
        this.failures = failures;
        this.telemetry = telemetry;
    }

    @Override
    public void handle(HttpServerRequest request) {
        Exchange exchange = Exchange.open(request);
        exchange.operation(new Operation("malformed", false));
        telemetry.opened(exchange);
        failures.write(exchange, failure(request.decoderResult().cause()));
    }

    private static GatewayFailure failure(Throwable cause) {
        if (cause instanceof TooLongHttpLineException) {
            return GatewayFailure.requestMalformed(414, "its first line is longer than api.max-target");
        }
        if (cause instanceof TooLongHttpHeaderException) {
            return GatewayFailure.requestMalformed(431, "its header fields are larger than api.max-head");
        }
        return GatewayFailure.requestMalformed("it is no well-formed HTTP/1.1");
    }
}

package ai.hokus.torii;

import ai.hokus.torii.config.ListenerConfig;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.FailureHandler;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.telemetry.Telemetry;
import ai.hokus.torii.wire.CallerWire;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;

/** Answers what the HTTP decoder itself refuses, or should in HTTP/2, in the same shape as every other failure, and counts it alike. */
final class InvalidRequests implements Handler<HttpServerRequest> {

    private final Vertx vertx;
    private final FailureHandler failures;
    private final Telemetry telemetry;

    InvalidRequests(Vertx vertx, FailureHandler failures, Telemetry telemetry) {
        this.vertx = vertx;
        this.failures = failures;
        this.telemetry = telemetry;
    }

    @Override
    public void handle(HttpServerRequest request) {
        Exchange exchange = Exchange.open(vertx, request);
        exchange.operation(Operation.own("malformed", Access.NONE));
        telemetry.opened(exchange);
        failures.write(exchange, failure(request));
    }

    /** Whether an HTTP/2 request asks for more than a request line may hold; in HTTP/1.x its decoder has refused it. */
    static boolean isTooLong(HttpServerRequest request, ListenerConfig api) {
        return request.version() == HttpVersion.HTTP_2
                && request.uri() != null
                && request.uri().length() > api.maxTargetBytes();
    }

    private static GatewayFailure failure(HttpServerRequest request) {
        if (request.version() == HttpVersion.HTTP_2) {
            return GatewayFailure.requestMalformed(414, "its :path is longer than api.max-target");
        }
        return switch (CallerWire.fault(request)) {
            case LINE_TOO_LONG -> GatewayFailure.requestMalformed(414, "its first line is longer than api.max-target");
            case HEAD_TOO_LARGE ->
                GatewayFailure.requestMalformed(431, "its header fields are larger than api.max-head");
            case VERSION -> GatewayFailure.requestMalformed(505, "it is neither HTTP/1.1 nor HTTP/1.0");
            case SYNTAX -> GatewayFailure.requestMalformed("it is no well-formed HTTP/1.1");
        };
    }
}

package ai.hokus.torii;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.FailureHandler;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.telemetry.Telemetry;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;

/**
 * Answers the first request on a connection beyond a cap, and lets the connection end behind it.
 *
 * @param vertx of the event loop
 * @param failures writes the answer
 * @param telemetry counts it as an exchange
 */
record CappedRequests(Vertx vertx, FailureHandler failures, Telemetry telemetry) {

    void refuse(HttpServerRequest request, ConnectionCaps.Cap cap) {
        Exchange exchange = Exchange.open(vertx, request);
        exchange.operation(Operation.own("capped", Access.NONE));
        telemetry.opened(exchange);
        exchange.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        failures.write(exchange, GatewayFailure.tooManyConnections(cap.setting()));
    }
}

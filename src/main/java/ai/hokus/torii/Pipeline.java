package ai.hokus.torii;

import ai.hokus.torii.auth.AuthenticateStage;
import ai.hokus.torii.authz.AuthorizeStage;
import ai.hokus.torii.exchange.ClientAddress;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.FailureHandler;
import ai.hokus.torii.exchange.HeadRules;
import ai.hokus.torii.mlflow.GraphqlDocument;
import ai.hokus.torii.proxy.ForwardStage;
import ai.hokus.torii.ratelimit.LimitStage;
import ai.hokus.torii.telemetry.Telemetry;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.util.function.Predicate;

/**
 * What happens to a request, in order. Beside each stage stands how a request can end there; whatever a stage fails
 * with, {@link FailureHandler} writes, and {@link Telemetry} reads the facts once, at the end.
 *
 * <p>One instance an event loop, used there alone.
 */
final class Pipeline implements Handler<HttpServerRequest> {

    /** The stages of one event loop. */
    record Stages(
            Cors cors,
            ClientAddress addresses,
            ResolveStage resolve,
            AuthenticateStage authenticate,
            AuthorizeStage authorize,
            Explanations explanations,
            BodyLimitStage bodyLimit,
            LimitStage limit,
            ForwardStage forward) {}

    private final Vertx vertx;
    private final Stages stages;
    private final Predicate<Exchange> isKnownGood;
    private final FailureHandler failures;
    private final Telemetry telemetry;
    private final Runnable ended;

    /** {@code ended} is told of each exchange's end. */
    Pipeline(Vertx vertx, Stages stages, FailureHandler failures, Telemetry telemetry, Runnable ended) {
        this.vertx = vertx;
        this.stages = stages;
        this.isKnownGood = stages.authenticate()::isKnown;
        this.failures = failures;
        this.telemetry = telemetry;
        this.ended = ended;
    }

    @Override
    public void handle(HttpServerRequest request) {
        Exchange exchange = Exchange.open(vertx, request);
        telemetry.opened(exchange, ended);
        exchange.onMalformed(failure -> failures.write(exchange, failure));
        Future<Void> answer;
        try {
            answer = answer(exchange);
        } catch (RuntimeException e) {
            answer = Future.failedFuture(e);
        }
        answer.onFailure(cause -> {
            stages.limit().failed(exchange, cause);
            failures.write(exchange, cause);
        });
    }

    private Future<Void> answer(Exchange exchange) {
        exchange.clientIp(stages.addresses().of(exchange.request()));
        stages.cors().admit(exchange); // 403 origin_refused
        HeadRules.check(exchange.head()); // 400 host_refused request_malformed
        Endpoint to =
                stages.resolve().apply(exchange); // 400 path_refused, 404 route_unknown, 405 method_not_allowed, 501
        if (to.isOpen()) {
            return to.handler().apply(exchange);
        }
        long resolveNanos = exchange.nanos();
        stages.limit().admitAddress(exchange, isKnownGood); // 429 rate_limited
        return stages.authenticate()
                .apply(exchange) // 400 credentials_conflict, 401 key_…, 403 key_not_allowed, 429 501 503 auth_…
                .compose(v -> exchange.isEnded() ? Future.succeededFuture() : inspect(exchange)) // 408 413 GraphQL
                .compose(v -> exchange.isEnded() ? Future.succeededFuture() : admit(exchange, to, resolveNanos));
    }

    /** Where the body decides what the operation needs, reads it. */
    private Future<Void> inspect(Exchange exchange) {
        if (!exchange.operation().hasDocument()) {
            return Future.succeededFuture();
        }
        return stages.forward().hold(exchange).map(v -> {
            if (GraphqlDocument.onlyReads(exchange.heldBody().orElseThrow())) {
                exchange.operation(exchange.operation().reading());
            }
            return null;
        });
    }

    private Future<Void> admit(Exchange exchange, Endpoint to, long resolveNanos) {
        if (stages.explanations().isAsked(exchange)) {
            return stages.explanations().answer(exchange, stages.authorize()::decide, resolveNanos); // 403
        }
        stages.authorize().apply(exchange); // 403 scope_missing operation_unknown
        stages.bodyLimit().apply(exchange); // 413 body_too_large
        Future<Void> allowed = stages.limit().apply(exchange); // 429 rate_limited
        return allowed.succeeded() ? forward(exchange, to) : allowed.compose(v -> forward(exchange, to));
    }

    private static Future<Void> forward(Exchange exchange, Endpoint to) {
        return exchange.isEnded()
                ? Future.succeededFuture()
                : to.handler().apply(exchange); // 408, 413 body_too_large, 501 502 503 504 upstream_…
    }
}

package ai.hokus.torii.proxy;

import ai.hokus.torii.config.MlflowConfig;
import ai.hokus.torii.exchange.Blame;
import ai.hokus.torii.exchange.BoundedBody;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.ext.web.client.WebClient;
import io.vertx.ext.web.client.WebClientOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;

/**
 * Small calls to MLflow that the gateway makes on its own behalf: the registry, the probes. Answers are read up to
 * 16 MiB. Used on the event loop of its pool.
 */
public final class UpstreamCalls {

    private static final int MAX_ANSWER_BYTES = 16 << 20;

    private final WebClient client;
    private final UpstreamPool pool;
    private final RequestHeaders headers;
    private final Duration timeout;

    /** Calls over this pool, each within this time. */
    public UpstreamCalls(UpstreamPool pool, MlflowConfig mlflow, Duration timeout) {
        this.pool = pool;
        this.client = WebClient.wrap(
                pool.client(), new WebClientOptions().setFollowRedirects(false).setUserAgent("torii"));
        this.headers = new RequestHeaders(mlflow);
        this.timeout = timeout;
    }

    /**
     * A GET below MLflow's root.
     *
     * @param target path and query, encoded
     * @param behalf whose call it is, by its principal and its trace; empty: the gateway's own
     * @return any answer that is HTTP; a failed future with a {@code GatewayFailure} otherwise, for MLflow's own
     *     refusals of our Host or our account
     */
    public Future<HttpResponse<Buffer>> get(String target, Optional<Exchange> behalf) {
        Replica replica = pool.choose(List.of());
        return ask(replica, target, behalf, timeout)
                .recover(cause -> {
                    Replica other = pool.choose(List.of(replica));
                    return isConnectionLost(cause) && other != replica
                            ? ask(other, target, behalf, timeout)
                            : Future.failedFuture(cause);
                })
                .recover(cause -> Future.failedFuture(failure(cause, pool.address(), timeout)))
                .compose(UpstreamCalls::fit);
    }

    /** A GET changes nothing, so it may be asked again. */
    private static boolean isConnectionLost(Throwable cause) {
        return cause instanceof IOException || cause instanceof HttpClosedException;
    }

    private Future<HttpResponse<Buffer>> ask(
            Replica replica, String target, Optional<Exchange> behalf, Duration limit) {
        MultiMap own = MultiMap.caseInsensitiveMultiMap();
        headers.own(replica.authority(), behalf.flatMap(Exchange::principal), own);
        behalf.ifPresent(exchange -> exchange.trace().writeTo(own));
        replica.enter();
        return client.request(pool.options(replica, HttpMethod.GET, target))
                .putHeaders(own)
                .timeout(limit.toMillis())
                .as(new BoundedBody(MAX_ANSWER_BYTES))
                .send()
                .andThen(answer -> replica.leave());
    }

    private static GatewayFailure failure(Throwable cause, String address, Duration limit) {
        return cause instanceof TimeoutException
                ? GatewayFailure.upstreamTimeout(address + ": no answer in " + limit.toMillis() + " ms")
                : UpstreamFault.connecting(cause, address);
    }

    /** Answers that mean our own settings are wrong, whatever was asked. */
    private static Future<HttpResponse<Buffer>> fit(HttpResponse<Buffer> answer) {
        if (isHostRefusal(answer)) {
            return Future.failedFuture(GatewayFailure.upstreamRefusesHost());
        }
        if (answer.statusCode() == 401) {
            return Future.failedFuture(GatewayFailure.upstreamRefusesAccount());
        }
        return Future.succeededFuture(answer);
    }

    /** Succeeds when MLflow answers at all, whatever it says. */
    public Future<Void> reach(String target) {
        return get(target, Optional.empty())
                .<Void>mapEmpty()
                .recover(cause -> cause instanceof GatewayFailure failure
                                && failure.reason().blame() == Blame.GATEWAY
                                && failure.reason() != Reason.OVERLOADED
                        ? Future.succeededFuture()
                        : Future.failedFuture(cause));
    }

    /** Succeeds when MLflow answers this GET with 200. */
    public Future<Void> probe(String target) {
        return get(target, Optional.empty()).compose(answer -> good(answer, pool.address(), target));
    }

    /** Succeeds when this replica does so in this time. */
    Future<Void> probe(Replica replica, String target, Duration limit) {
        return ask(replica, target, Optional.empty(), limit)
                .recover(cause -> Future.failedFuture(failure(cause, replica.name(), limit)))
                .compose(UpstreamCalls::fit)
                .compose(answer -> good(answer, replica.name(), target));
    }

    private static Future<Void> good(HttpResponse<Buffer> answer, String address, String target) {
        return answer.statusCode() == 200
                ? Future.succeededFuture()
                : Future.failedFuture(
                        GatewayFailure.upstreamBroken(address + " answered " + answer.statusCode() + " to " + target));
    }

    private static boolean isHostRefusal(HttpResponse<Buffer> answer) {
        return answer.statusCode() == 403
                && answer.body() != null
                && answer.body().length() < Download.HOST_REFUSAL_MAX_BYTES
                && answer.bodyAsString().startsWith(Download.HOST_REFUSAL);
    }
}

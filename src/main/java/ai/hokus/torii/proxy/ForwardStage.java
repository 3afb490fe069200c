package ai.hokus.torii.proxy;

import ai.hokus.torii.config.ForwardConfig;
import ai.hokus.torii.config.MlflowConfig;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import java.math.BigInteger;
import java.util.Optional;

/** Forwards an exchange to MLflow; used on the exchange's event loop. */
public final class ForwardStage {

    private final Vertx vertx;
    private final UpstreamPool pool;
    private final ForwardConfig config;
    private final Spool spool;
    private final Headers headers;
    private final Deadlines deadlines;

    /** Forwards over this pool; bodies without a length wait in this spool. */
    public ForwardStage(Vertx vertx, UpstreamPool pool, MlflowConfig mlflow, ForwardConfig config, Spool spool) {
        this(vertx, pool, config, spool, new Headers(new RequestHeaders(mlflow), new ResponseHeaders(mlflow)));
    }

    /** With header rules of the caller's choice. */
    ForwardStage(Vertx vertx, UpstreamPool pool, ForwardConfig config, Spool spool, Headers headers) {
        this.vertx = vertx;
        this.pool = pool;
        this.config = config;
        this.spool = spool;
        this.headers = headers;
        this.deadlines = new Deadlines(vertx);
    }

    /** The rules of both directions. */
    record Headers(HeaderRule request, HeaderRule answer) {}

    /** Fills one side's header fields from the other's; a function of its arguments alone. */
    interface HeaderRule {
        void copy(Passage passage, MultiMap from, MultiMap to);
    }

    /**
     * Completes when the answer is on its way out whole, or visibly broken; fails with a {@code GatewayFailure} while
     * nothing of it was sent.
     */
    public Future<Void> apply(Exchange exchange) {
        if (exchange.isEnded()) {
            return Future.succeededFuture();
        }
        return body(exchange).compose(body -> new Relay(this, exchange, body).run());
    }

    /**
     * Reads the whole body of an exchange into memory, as its held body, before it is forwarded.
     *
     * @return fails with body_too_large above 64 KiB, and with what is wrong with the body otherwise
     */
    public Future<Void> hold(Exchange exchange) {
        GatewayFailure tooLarge = GatewayFailure.documentTooLarge(LengthFinder.HELD_BYTES);
        String length = exchange.request().getHeader(HttpHeaders.CONTENT_LENGTH);
        if (!exchange.declaresBody()) {
            exchange.heldBody(Buffer.buffer());
            return Future.succeededFuture();
        }
        if (length != null && new BigInteger(length).compareTo(BigInteger.valueOf(LengthFinder.HELD_BYTES)) > 0) {
            return Future.failedFuture(tooLarge);
        }
        if (exchange.expectsContinue()) {
            exchange.response().writeContinue();
        }
        return new LengthFinder(deadlines, exchange, config, spool, Optional.of(tooLarge))
                .find()
                .map(body -> {
                    exchange.heldBody(((RequestBody.Held) body).bytes());
                    return null;
                });
    }

    private Future<RequestBody> body(Exchange exchange) {
        if (exchange.heldBody().isPresent() && exchange.declaresBody()) {
            return Future.succeededFuture(
                    new RequestBody.Held(exchange.heldBody().get()));
        }
        if (exchange.head().isLengthless()) {
            if (exchange.expectsContinue()) {
                exchange.response().writeContinue();
            }
            return new LengthFinder(deadlines, exchange, config, spool).find();
        }
        String length = exchange.request().getHeader(HttpHeaders.CONTENT_LENGTH);
        boolean hasBody = length != null && !length.equals("0");
        return Future.succeededFuture(hasBody ? new RequestBody.Sized(length) : new RequestBody.None(length != null));
    }

    Vertx vertx() {
        return vertx;
    }

    UpstreamPool pool() {
        return pool;
    }

    ForwardConfig config() {
        return config;
    }

    Headers headers() {
        return headers;
    }

    Deadlines deadlines() {
        return deadlines;
    }
}

package ai.hokus.torii.exchange;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place that writes an error: MLflow's JSON shape ({@code error_code}, {@code message}) plus reason, blame and
 * request id. A body that was not read is drained for a moment and then the connection is closed, so that no byte of it
 * can be taken for the next request and the answer is not lost in a reset (RFC 9112 §9.6).
 *
 * <p>Used on the event loop of the exchange.
 */
public final class FailureHandler {

    private static final Logger LOG = LoggerFactory.getLogger(FailureHandler.class);

    private static final Set<String> KEPT =
            Set.of("access-control-allow-origin", "access-control-expose-headers", "vary", "connection");

    private final Vertx vertx;

    /** For exchanges of verticles of this instance. */
    public FailureHandler(Vertx vertx) {
        this.vertx = vertx;
    }

    /**
     * Ends the exchange with this failure. When a part of the answer is already out, the connection is reset instead:
     * a broken answer must look broken.
     */
    public void write(Exchange exchange, Throwable cause) {
        GatewayFailure failure = GatewayFailure.from(cause);
        if (exchange.isEnded() || exchange.isCallerGone()) {
            return;
        }
        exchange.failure(failure);
        if (failure.reason() == Reason.INTERNAL) {
            // Not the exception itself: its message may quote what the caller sent, a key included.
            LOG.error(
                    "request {} failed by a fault of the gateway: {} {}",
                    exchange.id(),
                    cause.getClass().getName(),
                    Arrays.toString(cause.getStackTrace()));
        }
        HttpServerResponse response = exchange.response();
        if (response.headWritten()) {
            response.reset();
            return;
        }
        boolean unread = exchange.hasUnreadBody();
        boolean close = unread || failure.endsConnection();
        head(exchange, failure, close);
        Buffer body = body(exchange.id(), failure);
        response.putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()));
        HttpServerRequest request = exchange.request();
        Future<Void> written = request.method() == HttpMethod.HEAD ? response.end() : response.end(body);
        if (unread) {
            Linger.close(vertx, request, written);
        } else if (close) {
            written.onComplete(result -> request.connection().close());
        }
    }

    /** Drains and ends the connection behind an answer that was written without reading the request's body. */
    public void endConnection(Exchange exchange) {
        Linger.close(vertx, exchange.request(), Future.succeededFuture());
    }

    private static void head(Exchange exchange, GatewayFailure failure, boolean close) {
        HttpServerResponse response = exchange.response();
        // What MLflow's head may have left; the gateway's own CORS answer stays, or scripts could not read the error.
        response.headers().names().stream()
                .filter(name -> !KEPT.contains(name.toLowerCase(Locale.ROOT)))
                .toList()
                .forEach(response.headers()::remove);
        response.setStatusCode(failure.status());
        response.putHeader("X-Request-Id", exchange.id());
        response.putHeader("X-Torii-Reason", failure.reason().code());
        response.putHeader(HttpHeaders.CONTENT_TYPE, "application/json");
        response.putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
        failure.headers().forEach(response::putHeader);
        failure.retryAfter()
                .ifPresent(pause -> response.putHeader("Retry-After", Long.toString(Math.max(1, pause.toSeconds()))));
        if (close) {
            response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
    }

    private static Buffer body(String requestId, GatewayFailure failure) {
        return new JsonObject()
                .put("error_code", failure.reason().errorCode())
                .put("message", failure.getMessage() + " [" + failure.reason().code() + ", request " + requestId + "]")
                .put("reason", failure.reason().code())
                .put("blame", failure.reason().blame().text())
                .put("request_id", requestId)
                .toBuffer();
    }
}

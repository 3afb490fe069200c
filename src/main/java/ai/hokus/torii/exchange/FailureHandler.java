package ai.hokus.torii.exchange;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
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
 * request id.
 *
 * <p>Used on the event loop of the exchange.
 */
public final class FailureHandler {

    private static final Logger LOG = LoggerFactory.getLogger(FailureHandler.class);

    private static final int TRACE_FRAMES = 20;

    private static final Set<String> KEPT = Set.of(
            "access-control-allow-origin",
            "access-control-expose-headers",
            "vary",
            "connection",
            "x-torii-verdict",
            "ratelimit",
            "ratelimit-policy",
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset");

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
                    "request {} (trace {}) failed by a fault of the gateway: {} {}",
                    exchange.id(),
                    exchange.trace().id(),
                    cause.getClass().getName(),
                    Arrays.stream(cause.getStackTrace()).limit(TRACE_FRAMES).toList());
        }
        HttpServerResponse response = exchange.response();
        if (response.headWritten()) {
            exchange.abort();
            return;
        }
        answer(exchange.request(), exchange.id(), failure);
    }

    /** Answers a request that is no exchange, on the management listener; nothing of its answer may be out. */
    public void answer(HttpServerRequest request, String id, GatewayFailure failure) {
        HttpServerResponse response = request.response();
        head(response, id, failure);
        WholeAnswer.write(request, "application/json", body(id, failure));
    }

    private static void head(HttpServerResponse response, String id, GatewayFailure failure) {
        // What MLflow's head may have left; the gateway's own CORS answer stays, or scripts could not read the error.
        response.headers().names().stream()
                .filter(name -> !KEPT.contains(name.toLowerCase(Locale.ROOT)))
                .toList()
                .forEach(response.headers()::remove);
        response.setStatusCode(failure.status());
        response.putHeader("X-Request-Id", id);
        response.putHeader("X-Torii-Reason", failure.reason().code());
        response.putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
        failure.headers().forEach(response::putHeader);
        failure.retryAfter()
                .ifPresent(pause -> response.putHeader("Retry-After", Long.toString(Math.max(1, pause.toSeconds()))));
        if (failure.endsConnection()) {
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

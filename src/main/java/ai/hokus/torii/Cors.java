package ai.hokus.torii;

import ai.hokus.torii.exchange.Exchange;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import java.util.Set;

/**
 * Which origins' scripts may read answers (the Fetch standard's CORS protocol). Answers every OPTIONS itself: MLflow
 * would allow any origin. Keys are no cookies, so credentials mode is never allowed.
 */
final class Cors {

    static final String METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

    private final Set<String> origins;

    Cors(Set<String> origins) {
        this.origins = origins;
    }

    /** Lets the exchange's origin read the answer, if it is one of ours. */
    void allow(Exchange exchange) {
        String origin = exchange.request().getHeader(HttpHeaders.ORIGIN);
        if (origin != null && origins.contains(origin)) {
            exchange.response()
                    .putHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN, origin)
                    .putHeader(
                            HttpHeaders.ACCESS_CONTROL_EXPOSE_HEADERS,
                            "X-Request-Id, X-Torii-Reason, X-Torii-Verdict, Retry-After, RateLimit, RateLimit-Policy,"
                                    + " X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset")
                    .putHeader(HttpHeaders.VARY, HttpHeaders.ORIGIN);
        }
    }

    /** Answers an OPTIONS request, preflight or not. */
    Future<Void> answer(Exchange exchange) {
        HttpServerResponse response = exchange.response();
        String origin = exchange.request().getHeader(HttpHeaders.ORIGIN);
        response.setStatusCode(204).putHeader("Allow", METHODS);
        if (origin != null && origins.contains(origin)) {
            response.putHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_METHODS, METHODS)
                    .putHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, X-API-Key, Content-Type")
                    .putHeader(HttpHeaders.ACCESS_CONTROL_MAX_AGE, "600");
        }
        response.end();
        return Future.succeededFuture();
    }
}

package ai.hokus.torii;

import ai.hokus.torii.config.CorsOrigins;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.HeadRules;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Set;

/**
 * Which origins' scripts may read answers (the Fetch standard's CORS protocol), and which may not even ask. Answers every
 * OPTIONS itself: MLflow would allow any origin. Keys are no cookies, so credentials mode is never allowed.
 *
 * <p>MLflow is sent no Origin, or it would refuse its own UI behind another name; so what its check is for is done here.
 */
final class Cors {

    static final String METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

    private static final Set<String> READING = Set.of("GET", "HEAD", "OPTIONS");
    private static final String SENT = "Authorization, X-API-Key, Content-Type, Range, If-Match, If-None-Match,"
            + " If-Modified-Since, X-Request-Id, X-Torii-Explain, X-MLflow-Workspace, traceparent, tracestate";
    private static final String EXPOSED = "X-Request-Id, X-Torii-Reason, X-Torii-Verdict, Retry-After, RateLimit,"
            + " RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset";
    private static final String PREFLIGHT_VARY =
            "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
    private static final String MAX_AGE_SECONDS = "600";

    private final Set<String> origins;
    private final boolean isAnyAllowed;

    /** Allows these origins; {@link CorsOrigins#ANY} alone stands for all. */
    Cors(Set<String> origins) {
        this.origins = origins;
        this.isAnyAllowed = origins.contains(CorsOrigins.ANY);
    }

    /**
     * Lets the exchange's origin read the answer, if it is one of ours, whatever the answer will be.
     *
     * @throws GatewayFailure origin_refused
     */
    void admit(Exchange exchange) {
        HttpServerRequest request = exchange.request();
        HttpServerResponse response = exchange.response();
        if (!origins.isEmpty() && !isAnyAllowed) {
            // For the others too, or a cache would hand one origin's answer to another.
            response.putHeader(HttpHeaders.VARY, HttpHeaders.ORIGIN);
        }
        String origin = request.getHeader(HttpHeaders.ORIGIN);
        if (origin == null) {
            return;
        }
        if (isAllowed(origin)) {
            response.putHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN, isAnyAllowed ? CorsOrigins.ANY : origin)
                    .putHeader(HttpHeaders.ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
        if (!origins.contains(origin) && mayBeForged(request) && !isOwn(exchange, origin)) {
            throw GatewayFailure.originRefused();
        }
    }

    private boolean isAllowed(String origin) {
        return isAnyAllowed || origins.contains(origin);
    }

    /** A Basic credential is the one that a browser adds by itself to what any page sends, without asking first. */
    private static boolean mayBeForged(HttpServerRequest request) {
        String credential = request.getHeader(HttpHeaders.AUTHORIZATION);
        return !READING.contains(request.method().name())
                && credential != null
                && credential.regionMatches(true, 0, "Basic", 0, 5);
    }

    /**
     * Whether the page came from this gateway. The browser knows (Fetch Metadata, which no page can write); an old one
     * does not say, and then the Host field decides, with the scheme left aside, for TLS may end before the gateway.
     */
    private static boolean isOwn(Exchange exchange, String origin) {
        String site = exchange.request().getHeader("Sec-Fetch-Site");
        if (site != null) {
            return site.equals("same-origin");
        }
        int scheme = origin.indexOf("://");
        String authority = HeadRules.authority(exchange.head());
        return scheme > 0 && authority != null && origin.substring(scheme + 3).equalsIgnoreCase(authority);
    }

    /** Answers an OPTIONS request; only a preflight is told what a preflight asks. */
    Future<Void> answer(Exchange exchange) {
        HttpServerRequest request = exchange.request();
        HttpServerResponse response = exchange.response();
        String origin = request.getHeader(HttpHeaders.ORIGIN);
        response.setStatusCode(204).putHeader("Allow", METHODS);
        boolean isPreflight = origin != null && request.headers().contains(HttpHeaders.ACCESS_CONTROL_REQUEST_METHOD);
        if (isPreflight && !origins.isEmpty()) {
            response.putHeader(HttpHeaders.VARY, PREFLIGHT_VARY);
        }
        if (isPreflight && isAllowed(origin)) {
            response.putHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_METHODS, METHODS)
                    .putHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_HEADERS, SENT)
                    .putHeader(HttpHeaders.ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
        }
        response.end();
        return Future.succeededFuture();
    }
}

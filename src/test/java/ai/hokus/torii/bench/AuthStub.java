package ai.hokus.torii.bench;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** The auth service: accepts the good keys, refuses all others, and counts who asks about what. */
final class AuthStub {

    /** A key that the gateway remembers is renewed after 45 s; what comes so much sooner was forgotten. */
    private static final long TOO_EARLY_NANOS = Duration.ofSeconds(40).toNanos();

    private static final int SLOW_MILLIS = 500;

    private final Vertx vertx;
    private final HttpServer server;
    private final Map<String, Long> lastAsked = new HashMap<>();
    private PerSecond good = new PerSecond();
    private PerSecond unknown = new PerSecond();
    private long probes;
    private long tooEarly;

    private AuthStub(Vertx vertx) {
        this.vertx = vertx;
        this.server = vertx.createHttpServer().requestHandler(this::handle);
    }

    /**
     * What it was asked since {@link #countAnew}.
     *
     * @param good calls about good keys
     * @param goodPeak of these, in the busiest second
     * @param unknown calls about the load's random keys
     * @param unknownPeak of these, in the busiest second
     * @param probes calls about other keys: the gateway's own probes
     * @param tooEarly calls about a good key within 40 s of the one before
     * @param seconds how long it has counted
     */
    record Count(
            long good, long goodPeak, long unknown, long unknownPeak, long probes, long tooEarly, double seconds) {}

    static AuthStub start(Vertx vertx) throws Exception {
        AuthStub stub = new AuthStub(vertx);
        stub.server.listen(0, "127.0.0.1").await(10, TimeUnit.SECONDS);
        return stub;
    }

    String url() {
        return "http://127.0.0.1:" + server.actualPort();
    }

    /** Forgets the counts, and which keys it has been asked about when {@code isNewGateway}. */
    synchronized void countAnew(boolean isNewGateway) {
        good = new PerSecond();
        unknown = new PerSecond();
        probes = 0;
        tooEarly = 0;
        if (isNewGateway) {
            lastAsked.clear();
        }
    }

    synchronized Count count() {
        return new Count(good.total(), good.peak(), unknown.total(), unknown.peak(), probes, tooEarly, good.seconds());
    }

    private void handle(HttpServerRequest request) {
        String credential = String.valueOf(request.getHeader("Authorization"));
        String key = credential.startsWith("Bearer ") ? credential.substring(7) : "";
        note(key);
        if (key.startsWith(Keys.SLOW)) {
            vertx.setTimer(SLOW_MILLIS, id -> answer(request, key));
        } else {
            answer(request, key);
        }
    }

    private synchronized void note(String key) {
        if (key.startsWith(Keys.GOOD)) {
            good.count();
            long now = System.nanoTime();
            Long before = lastAsked.put(key, now);
            if (before != null && now - before < TOO_EARLY_NANOS) {
                tooEarly++;
            }
        } else if (key.startsWith(Keys.RANDOM)) {
            unknown.count();
        } else {
            probes++;
        }
    }

    private static void answer(HttpServerRequest request, String key) {
        request.response().putHeader("Content-Type", "application/json");
        if (key.startsWith(Keys.GOOD)) {
            request.response().end(verdict(key).toBuffer());
        } else {
            String detail = key.isEmpty() ? "API key required" : "Invalid or expired API key";
            request.response().setStatusCode(401).end("{\"detail\":\"" + detail + "\"}");
        }
    }

    private static JsonObject verdict(String key) {
        UUID keyId = UUID.nameUUIDFromBytes(key.getBytes(StandardCharsets.US_ASCII));
        return new JsonObject()
                .put("is_valid", true)
                .put("key_id", keyId.toString())
                .put("user_id", "user-" + keyId.toString().substring(0, 8))
                .put("service_id", "platform")
                .put("scopes", JsonArray.of("model:read", "model:write"))
                .put("rate_limit_per_hour", 1000);
    }
}

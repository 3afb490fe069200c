package ai.hokus.torii.support;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/**
 * The platform's auth service as its reports describe it: it takes the key as bearer token, refuses unknown ones with
 * "Invalid or expired API key", and says "API key required" when it finds no key where it looks. It counts, and lies
 * when told to.
 */
public final class StubAuthService {

    private final StubServer server;
    private final Map<String, JsonObject> keys = new ConcurrentHashMap<>();
    private volatile BiConsumer<RecordedRequest, HttpServerResponse> lie;

    private StubAuthService(StubServer server) {
        this.server = server;
        server.answering(this::answer);
    }

    public static StubAuthService start(Vertx vertx) throws Exception {
        return new StubAuthService(StubServer.start(vertx));
    }

    /** Knows this key from now on, with these scopes. */
    public StubAuthService knowing(String key, String... scopes) {
        keys.put(
                key,
                new JsonObject()
                        .put("is_valid", true)
                        .put("key_id", "id-of-" + key.length())
                        .put("user_id", "ada")
                        .put("scopes", List.of(scopes)));
        return this;
    }

    /** Knows this key from now on, with exactly this answer. */
    public StubAuthService knowing(String key, JsonObject answer) {
        keys.put(key, answer);
        return this;
    }

    /** Refuses this key from now on. */
    public void forget(String key) {
        keys.remove(key);
    }

    /** Answers every call so until {@link #honest()}. */
    public void lying(BiConsumer<RecordedRequest, HttpServerResponse> answer) {
        lie = answer;
    }

    /** Answers every call with this status and text until {@link #honest()}. */
    public void lying(int status, String text) {
        lying((request, response) -> response.setStatusCode(status).end(text));
    }

    public void honest() {
        lie = null;
    }

    private void answer(RecordedRequest call, HttpServerResponse response) {
        if (lie != null) {
            lie.accept(call, response);
            return;
        }
        String header = call.headers().get("Authorization");
        response.putHeader("Content-Type", "application/json");
        if (header == null) {
            response.setStatusCode(401).end("{\"detail\":\"API key required\"}");
            return;
        }
        JsonObject known = keys.get(header.replaceFirst("^Bearer ", ""));
        if (known == null) {
            response.setStatusCode(401).end("{\"detail\":\"Invalid or expired API key\"}");
        } else {
            response.end(known.encode());
        }
    }

    /** Calls about keys this service knows, or about the given one: the gateway's own probe is left out. */
    public List<RecordedRequest> callsAbout(String key) {
        return server.requests().stream()
                .filter(call ->
                        String.valueOf(call.headers().get("Authorization")).contains(key)
                                || call.body().toString().contains(key))
                .toList();
    }

    public StubServer server() {
        return server;
    }

    public String url() {
        return server.url();
    }
}

package ai.hokus.torii.admin;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;

/** Carries an order to the other replicas. */
public interface Broadcast {

    /** Where there are no others, or nobody carries anything. */
    Broadcast NONE = order -> Future.succeededFuture();

    /** Succeeds when the order was handed over; fails when it was not. */
    Future<Void> send(JsonObject order);

    /** The order to forget one key. */
    static JsonObject revocation(String keyId) {
        return new JsonObject().put("revoke", keyId);
    }

    /** The order to forget all keys. */
    static JsonObject purge() {
        return new JsonObject().put("purge", true);
    }
}

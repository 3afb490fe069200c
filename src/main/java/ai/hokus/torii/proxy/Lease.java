package ai.hokus.torii.proxy;

import ai.hokus.torii.wire.Wire;
import io.vertx.core.http.HttpClientConnection;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpConnection;

/**
 * The connection of one exchange to one replica. Ends once: given back, cut, or dead by itself; one that does not end is
 * lost, and the replica seems busier than it is. Used on its pool's event loop.
 */
final class Lease {

    private final HttpClientRequest request;
    private final Replica replica;
    private final ConnectionStack stack;
    private boolean isOver;

    /** With a stack it goes back there; without one (null) the connection serves this exchange alone. */
    Lease(HttpClientRequest request, Replica replica, ConnectionStack stack) {
        this.request = request;
        this.replica = replica;
        this.stack = stack;
    }

    HttpClientRequest request() {
        return request;
    }

    HttpConnection connection() {
        return request.connection();
    }

    Replica replica() {
        return replica;
    }

    /** The exchange is over, whole, or has not begun. */
    void giveBack() {
        if (over() && stack != null) {
            stack.giveBack((HttpClientConnection) connection());
        }
    }

    /** Ends the connection with a reset. */
    void cut() {
        over();
        Wire.abort(connection());
    }

    /** The connection has ended by itself. */
    void died() {
        over();
    }

    private boolean over() {
        if (isOver) {
            return false;
        }
        isOver = true;
        replica.leave();
        return true;
    }
}

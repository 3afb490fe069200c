package ai.hokus.torii.proxy;

import io.vertx.core.Future;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;

/**
 * The way of one request from a replica that gives it no connection to the next, each at most once, within the time that
 * a request may wait for a connection. Nothing has been sent meanwhile, so it may be any request.
 */
final class Failover {

    /** Remaining time is rounded up to one of so many parts: deadlines are kept in one line for each length. */
    private static final int PARTS = 8;

    /** Asks a replica for a connection. */
    interface Ask {
        Future<Lease> ask(Replica replica, Duration wait);
    }

    private final UpstreamPool pool;
    private final Ask ask;
    private final long startNanos = System.nanoTime();
    private final List<Replica> tried = new ArrayList<>();

    Failover(UpstreamPool pool, Ask ask) {
        this.pool = pool;
        this.ask = ask;
    }

    /** That replica's answer, or the next one's. */
    Future<Lease> behind(Replica replica, Future<Lease> asked) {
        tried.add(replica);
        return asked.recover(cause -> {
            if (cause instanceof TimeoutException) {
                return Future.failedFuture(cause);
            }
            if (!(cause instanceof ConnectionPoolTooBusyException)) {
                pool.replicas().failed(replica, UpstreamFault.connecting(cause, replica.name()));
            }
            Duration rest = rest();
            Replica next = pool.choose(tried);
            if (rest.isZero() || tried.contains(next)) {
                return Future.failedFuture(cause);
            }
            pool.replicas().failedOver("connect");
            return behind(next, ask.ask(next, rest));
        });
    }

    private Duration rest() {
        Duration whole = pool.patience();
        long part = Math.max(1, whole.toNanos() / PARTS);
        long left = whole.toNanos() - (System.nanoTime() - startNanos);
        return left <= 0 ? Duration.ZERO : Duration.ofNanos(Math.min(whole.toNanos(), (left + part - 1) / part * part));
    }
}

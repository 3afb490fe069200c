package ai.hokus.torii.proxy;

import ai.hokus.torii.config.ForwardConfig;
import ai.hokus.torii.wire.UpstreamWire;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.http.HttpClientConnection;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/**
 * The connections of one event loop to one replica, the one used last on top; used on that loop alone. Vert.x' own pool can do
 * more (several servers, threads and versions of HTTP), and every call would pay for that (src/docs/benchmark.md).
 *
 * <p>Whoever takes a connection gives it back behind a whole exchange, or it closes: one that is neither is lost.
 */
final class ConnectionStack {

    private static final long SWEEP_MILLIS = 1000;

    private final Vertx vertx;
    private final ForwardConfig config;
    private final LongAdder waiting;
    private final Supplier<Future<HttpClientConnection>> connect;
    private final Deadlines deadlines;
    private final Deque<Idle> idle = new ArrayDeque<>();
    private final Deque<Waiter> waiters = new ArrayDeque<>();
    private final Set<HttpClientConnection> open = new HashSet<>();
    private final long sweep;
    private int connecting;
    private boolean isClosed;

    /** Set once connections are not kept any more; completed when the last is gone. */
    private Promise<Void> idled;

    private record Idle(HttpClientConnection connection, long endNanos) {

        boolean isOver() {
            return endNanos - System.nanoTime() <= 0;
        }
    }

    /** Who waits for a connection; it gets it on its own context. */
    private record Waiter(Context context, Promise<HttpClientConnection> promise, Deadline deadline) {

        void serve(HttpClientConnection connection) {
            deadline.cancel();
            context.runOnContext(v -> promise.complete(connection));
        }

        void fail(Throwable cause) {
            deadline.cancel();
            context.runOnContext(v -> promise.fail(cause));
        }
    }

    /** Empty; opens connections by {@code connect}, on this event loop; {@code waiting} counts who waits for one. */
    ConnectionStack(
            Vertx vertx, ForwardConfig config, LongAdder waiting, Supplier<Future<HttpClientConnection>> connect) {
        this.vertx = vertx;
        this.config = config;
        this.waiting = waiting;
        this.connect = connect;
        this.deadlines = new Deadlines(vertx);
        this.sweep = vertx.setPeriodic(SWEEP_MILLIS, id -> closeOld());
    }

    /**
     * An idle connection, or a new one, or the next that is given back.
     *
     * @param wait how long it may take
     * @return fails with {@code ConnectionPoolTooBusyException} when too many wait already, with
     *     {@code TimeoutException} when none was free in time, else with why none could be opened
     */
    Future<HttpClientConnection> take(Duration wait) {
        if (isClosed) {
            return Future.failedFuture(new ConnectException("the gateway is ending"));
        }
        for (Idle top = idle.pollLast(); top != null; top = idle.pollLast()) {
            if (isUsable(top)) {
                return Future.succeededFuture(top.connection());
            }
            top.connection().close();
        }
        boolean mayOpen = open.size() + connecting < config.connections();
        if (!mayOpen && waiters.size() - connecting >= config.queue()) {
            return Future.failedFuture(new ConnectionPoolTooBusyException(
                    "Connection pool reached max wait queue size of " + config.queue()));
        }
        // It may have died on its way to who waited; nothing was sent on it yet.
        return await(wait)
                .compose(connection ->
                        UpstreamWire.of(connection).isReusable() ? Future.succeededFuture(connection) : take(wait));
    }

    private Future<HttpClientConnection> await(Duration wait) {
        Promise<HttpClientConnection> promise = Promise.promise();
        Waiter waiter = new Waiter(vertx.getOrCreateContext(), promise, new Deadline(deadlines));
        waiters.addLast(waiter);
        waiting.increment();
        waiter.deadline().start(wait, () -> {
            if (waiters.remove(waiter)) {
                waiting.decrement();
            }
            waiter.fail(new TimeoutException("no connection for " + wait.toMillis() + " ms"));
        });
        openForWaiters();
        return promise.future();
    }

    /** Takes it out of the queue; null when nobody waits. */
    private Waiter firstWaiter() {
        Waiter first = waiters.pollFirst();
        if (first != null) {
            waiting.decrement();
        }
        return first;
    }

    private void openForWaiters() {
        while (!isClosed && connecting < waiters.size() && open.size() + connecting < config.connections()) {
            connecting++;
            // Composed, because a client that is closed throws.
            Future.succeededFuture().compose(v -> connect.get()).onComplete(this::opened, this::failed);
        }
    }

    private void opened(HttpClientConnection connection) {
        connecting--;
        open.add(connection);
        connection.closeHandler(v -> closed(connection));
        if (isClosed) {
            connection.close();
        } else {
            offer(connection);
        }
    }

    private void failed(Throwable cause) {
        connecting--;
        Waiter first = firstWaiter();
        if (first != null) {
            first.fail(cause);
        }
        openForWaiters();
        endWhenIdle();
    }

    private void closed(HttpClientConnection connection) {
        open.remove(connection);
        idle.removeIf(entry -> entry.connection() == connection);
        openForWaiters();
        endWhenIdle();
    }

    /** Ends a use of it: whatever was asked on it has been answered whole, or nothing was asked. */
    void giveBack(HttpClientConnection connection) {
        if (UpstreamWire.of(connection).isReusable()) {
            offer(connection);
        }
    }

    private void offer(HttpClientConnection connection) {
        Waiter first = firstWaiter();
        if (first != null) {
            first.serve(connection);
        } else if (idled != null) {
            connection.close();
        } else {
            idle.addLast(new Idle(connection, System.nanoTime() + keepAliveNanos(connection)));
        }
    }

    /** As long as is configured, unless MLflow has said that it will drop it earlier. */
    private long keepAliveNanos(HttpClientConnection connection) {
        long told = UpstreamWire.of(connection).keepAliveSeconds();
        return Math.min(config.keepAlive().toNanos(), TimeUnit.SECONDS.toNanos(told));
    }

    private boolean isUsable(Idle entry) {
        return !entry.isOver() && UpstreamWire.of(entry.connection()).isReusable();
    }

    private void closeOld() {
        List.copyOf(idle).stream()
                .filter(Idle::isOver)
                .forEach(entry -> entry.connection().close());
    }

    /**
     * Closes what is idle, and every other when it is given back. Who asks is served until nobody has one any more; then
     * all is closed.
     */
    Future<Void> closeWhenIdle() {
        if (idled == null) {
            idled = Promise.promise();
            List.copyOf(idle).forEach(entry -> entry.connection().close());
            endWhenIdle();
        }
        return idled.future();
    }

    private void endWhenIdle() {
        if (idled != null && open.isEmpty() && connecting == 0 && waiters.isEmpty()) {
            close().onComplete(v -> idled.tryComplete());
        }
    }

    /** Closes all, in use or not, and opens no other. */
    Future<Void> close() {
        isClosed = true;
        vertx.cancelTimer(sweep);
        for (Waiter waiter = firstWaiter(); waiter != null; waiter = firstWaiter()) {
            waiter.fail(new ConnectException("the gateway is ending"));
        }
        return Future.join(List.copyOf(open).stream()
                        .map(connection -> connection.shutdown(0, TimeUnit.SECONDS))
                        .toList())
                .mapEmpty();
    }
}

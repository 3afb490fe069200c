package ai.hokus.torii.auth;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One look-up under way and everybody who waits for it, on whatever event loop.
 *
 * <p>Whoever joined is told on the context it joined on; who comes after the landing is turned away and looks again.
 * Safe for concurrent use.
 */
final class Flight {

    private final List<Waiter> waiters = new ArrayList<>(1);
    private boolean landed;

    private record Waiter(Context context, Promise<Verdict> promise) {

        void tell(Future<Verdict> result) {
            if (context == null || context == Vertx.currentContext()) {
                result.onComplete(promise);
            } else {
                context.runOnContext(v -> result.onComplete(promise));
            }
        }
    }

    /** Waits for it; empty when it has landed already. */
    Optional<Future<Verdict>> join() {
        Waiter waiter = new Waiter(Vertx.currentContext(), Promise.promise());
        synchronized (this) {
            if (landed) {
                return Optional.empty();
            }
            waiters.add(waiter);
        }
        return Optional.of(waiter.promise().future());
    }

    /** Tells everybody; {@code result} is completed. */
    void land(Future<Verdict> result) {
        List<Waiter> all;
        synchronized (this) {
            landed = true;
            all = List.copyOf(waiters);
        }
        all.forEach(waiter -> waiter.tell(result));
    }
}

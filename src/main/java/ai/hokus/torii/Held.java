package ai.hokus.torii;

import io.vertx.core.Future;
import java.util.function.Supplier;

/**
 * Something that configurations in a row may go on using, and that is closed behind the last of them. Used on one event
 * loop.
 *
 * @param <T> what it is
 */
final class Held<T> {

    private final T thing;
    private final Supplier<Future<?>> close;
    private int holders = 1;

    /** Held once. */
    Held(T thing, Supplier<Future<?>> close) {
        this.thing = thing;
        this.close = close;
    }

    T get() {
        return thing;
    }

    /** Held once more. */
    Held<T> hold() {
        holders++;
        return this;
    }

    /** Held once less; completes when what had to be closed is. */
    Future<?> release() {
        holders--;
        return holders == 0 ? close.get() : Future.succeededFuture();
    }
}

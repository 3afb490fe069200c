package ai.hokus.torii.proxy;

import io.vertx.core.Handler;
import java.util.function.Consumer;

/** Hands an exception of a callback to one place; Vert.x itself would only log it and leave the caller waiting. */
record Guard(Consumer<Throwable> onFault) {

    <T> Handler<T> handler(Handler<T> action) {
        return event -> {
            try {
                action.handle(event);
            } catch (Throwable e) {
                // Errors as well: after a stack overflow the caller would still wait.
                onFault.accept(e);
            }
        };
    }

    Runnable action(Runnable action) {
        return () -> handler(v -> action.run()).handle(null);
    }
}

package ai.hokus.torii;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;

/**
 * The end of the process, as its parts hear of it: it begins, and whoever has no more patience cuts it short. Each
 * happens once and for good. Safe for all threads.
 */
final class Drain {

    private final Promise<Void> begun = Promise.promise();
    private final Promise<Void> cut = Promise.promise();

    /** From now on nobody should send us anything new; what comes is served. */
    void begin() {
        begun.tryComplete();
    }

    /** What has not ended by now is not waited for. */
    void cut() {
        begin();
        cut.tryComplete();
    }

    /** Whether the end has begun. */
    boolean hasBegun() {
        return begun.future().isComplete();
    }

    /** Completes, on no particular thread, when the rest is not waited for. */
    Future<Void> whenCut() {
        return cut.future();
    }

    /** Runs this in this context when the end begins; soon, when it has begun. */
    void onBegin(Context context, Runnable action) {
        begun.future().onSuccess(v -> context.runOnContext(again -> action.run()));
    }

    /** Runs this in this context when the rest is not waited for; soon, when that is so already. */
    void onCut(Context context, Runnable action) {
        cut.future().onSuccess(v -> context.runOnContext(again -> action.run()));
    }
}

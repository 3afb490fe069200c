package ai.hokus.torii.ratelimit;

import io.vertx.core.Future;

/** Where the requests of keys are counted, for one event loop. */
interface LimitStore {

    /** Takes one request of a key; never fails, and completes on the event loop. */
    Future<Taken> take(String keyId, Quota quota);

    /** Ends what it has open. */
    void close();

    /** Each process for itself. */
    static LimitStore local(Buckets buckets) {
        return new LimitStore() {
            @Override
            public Future<Taken> take(String keyId, Quota quota) {
                return Future.succeededFuture(buckets.take(keyId, quota, Decisions.Store.LOCAL));
            }

            @Override
            public void close() {
                // The buckets are the process'.
            }
        };
    }
}

package ai.hokus.torii.ratelimit;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/** Counts decisions. Safe for concurrent use; one for a process. */
final class Decisions {

    private static final String NAME = "torii.ratelimit.decisions";
    private static final String DESCRIPTION =
            "Decisions about limits of keys, of their transfers, and of addresses with refused callers";

    /** What is limited. */
    enum Kind {
        KEY,
        TRANSFERS,
        ADDRESS
    }

    /** What it came to. */
    enum Outcome {
        ALLOWED,
        LIMITED,
        WOULD_LIMIT
    }

    /** Who counted. */
    enum Store {
        /** This replica, as configured. */
        LOCAL,
        /** All replicas together. */
        REDIS,
        /** This replica, in place of a Redis that is away. */
        DEGRADED
    }

    private final LongAdder[][][] counts =
            new LongAdder[Kind.values().length][Outcome.values().length][Store.values().length];

    Decisions() {
        for (LongAdder[][] kind : counts) {
            for (LongAdder[] outcome : kind) {
                for (int i = 0; i < outcome.length; i++) {
                    outcome[i] = new LongAdder();
                }
            }
        }
    }

    void count(Kind kind, Outcome outcome, Store store) {
        counts[kind.ordinal()][outcome.ordinal()][store.ordinal()].increment();
    }

    long of(Kind kind, Outcome outcome, Store store) {
        return counts[kind.ordinal()][outcome.ordinal()][store.ordinal()].sum();
    }

    /** Transfers and addresses are never counted in Redis. */
    void register(Limits.Counters counters) {
        for (Kind kind : Kind.values()) {
            for (Outcome outcome : Outcome.values()) {
                for (Store store : kind == Kind.KEY ? List.of(Store.values()) : List.of(Store.LOCAL)) {
                    LongSupplier count = () -> of(kind, outcome, store);
                    counters.add(
                            NAME,
                            DESCRIPTION,
                            count,
                            "kind",
                            text(kind),
                            "outcome",
                            text(outcome),
                            "store",
                            text(store));
                }
            }
        }
    }

    private static String text(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}

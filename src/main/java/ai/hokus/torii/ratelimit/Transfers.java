package ai.hokus.torii.ratelimit;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The artifact transfers of each key that are under way in this process: no more entries than open transfers. Safe for
 * concurrent use.
 */
final class Transfers {

    private final Map<String, Integer> underWay = new ConcurrentHashMap<>();

    /** Counts one more of this key; false, and not counted, when there are that many already. */
    boolean enter(String keyId, int most) {
        boolean[] entered = new boolean[1];
        underWay.compute(keyId, (id, now) -> {
            int count = now == null ? 0 : now;
            entered[0] = count < most;
            return entered[0] ? Integer.valueOf(count + 1) : now;
        });
        return entered[0];
    }

    /** One that was counted has ended. */
    void leave(String keyId) {
        underWay.computeIfPresent(keyId, (id, now) -> now == 1 ? null : now - 1);
    }

    int underWay() {
        return underWay.values().stream().mapToInt(Integer::intValue).sum();
    }
}

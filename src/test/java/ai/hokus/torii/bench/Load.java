package ai.hokus.torii.bench;

import java.time.Duration;
import java.util.function.IntFunction;

/**
 * What is to be sent.
 *
 * @param perSecond how fast, whatever the answers take; 0: all at once
 * @param total how many requests
 * @param limit when it ends, done or not
 * @param calls the request of each number
 */
record Load(int perSecond, int total, Duration limit, IntFunction<Call> calls) {

    private static final Duration RESERVE = Duration.ofSeconds(30);

    /** So many at this rate, with half a minute in reserve. */
    static Load of(int perSecond, int total, IntFunction<Call> calls) {
        Duration needed = perSecond == 0 ? Duration.ZERO : Duration.ofSeconds(total / perSecond + 1L);
        return new Load(perSecond, total, needed.plus(RESERVE), calls);
    }

    /** So long at this rate. */
    static Load lasting(int perSecond, Duration time, IntFunction<Call> calls) {
        return of(perSecond, Plan.requests(perSecond, time), calls);
    }

    /** When the request of this number is due, after the first. */
    long dueNanos(int number) {
        return perSecond == 0 ? 0 : number * 1_000_000_000L / perSecond;
    }
}

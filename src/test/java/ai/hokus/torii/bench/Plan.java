package ai.hokus.torii.bench;

import java.time.Duration;

/**
 * How much a run of the benchmark does.
 *
 * @param manyWindows how many times the load on many keys is measured
 * @param manyWindow how long each of these is
 * @param warmUp how long a new gateway is warmed up, at {@link #WARM_UP_RATE}
 * @param floodKeys how many random keys the flood brings
 * @param floodWindow how long each measurement of the known keys beside it is
 * @param flights how many times the crowd asks for one new key
 */
record Plan(int manyWindows, Duration manyWindow, Duration warmUp, int floodKeys, Duration floodWindow, int flights) {

    static final int MANY_KEYS = 10_000;
    static final int MANY_RATE = 2000;
    /** Below the 200 new keys a second that a gateway asks about. */
    static final int NEW_KEYS_RATE = 190;

    /** As many as come and are counted within the 10 s that a refusal is remembered. */
    static final int REFUSALS = 1000;

    static final int KNOWN_KEYS = 100;
    static final int KNOWN_RATE = 200;
    static final int WARM_UP_RATE = 1000;
    static final int FLOOD_RATE = 16_667;
    static final int FLOOD_PAIRS = 3;
    static final Duration FLOOD_LIMIT = Duration.ofMinutes(5);

    static final int CROWD = 10_000;
    static final int CONNECTIONS = 64;
    static final int CROWD_CONNECTIONS = 256;

    static Plan full() {
        return new Plan(5, Duration.ofSeconds(30), Duration.ofSeconds(20), 1_000_000, Duration.ofSeconds(15), 5);
    }

    static Plan quick() {
        return new Plan(4, Duration.ofSeconds(5), Duration.ofSeconds(8), 100_000, Duration.ofSeconds(3), 2);
    }

    /** How many requests at this rate fill this time. */
    static int requests(int perSecond, Duration time) {
        return Math.toIntExact(perSecond * time.toMillis() / 1000);
    }
}

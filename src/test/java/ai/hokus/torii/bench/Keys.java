package ai.hokus.torii.bench;

import java.util.SplittableRandom;
import java.util.function.IntFunction;

/** The keys that callers show: good ones by number, and random ones that nobody knows. */
final class Keys {

    static final String GOOD = "hk_live_good";
    static final String SLOW = GOOD + "slow";
    static final String RANDOM = "hk_live_rnd";

    private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private static final int RANDOM_LENGTH = 29;
    private static final int WIDTH = 21;

    private Keys() {}

    /** The good key of this group and number; as long as the platform's. */
    static String good(String group, int number) {
        return GOOD + group + "0".repeat(WIDTH - group.length()) + (1_000_000 + number);
    }

    /** The first keys of a group, each once. */
    static IntFunction<Call> inTurn(String group, int count) {
        String[] keys = all(group, count);
        return i -> Call.withKey(keys[i % count]);
    }

    /** Any of the first keys of a group. */
    static IntFunction<Call> atRandom(String group, int count) {
        String[] keys = all(group, count);
        SplittableRandom random = new SplittableRandom(1);
        return i -> Call.withKey(keys[random.nextInt(count)]);
    }

    /** Another unknown key each time. */
    static IntFunction<Call> unknown() {
        SplittableRandom random = new SplittableRandom();
        return i -> {
            StringBuilder key = new StringBuilder(RANDOM);
            for (int n = 0; n < RANDOM_LENGTH; n++) {
                key.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
            }
            return Call.withKey(key.toString());
        };
    }

    private static String[] all(String group, int count) {
        String[] keys = new String[count];
        for (int i = 0; i < count; i++) {
            keys[i] = good(group, i);
        }
        return keys;
    }
}

package ai.hokus.torii.exchange;

import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/** The name of one exchange in answers, logs and upstream requests. */
public final class RequestId {

    private static final int MAX_LENGTH = 64;
    private static final String KEY_MARK = "hk_";

    private RequestId() {}

    /**
     * The caller's own name for the request if it is one ({@code [A-Za-z0-9._-]{1,64}} and no key), else a new one. Unique enough
     * to find a line in a log; not a secret.
     */
    public static String of(String fromCaller) {
        return isValid(fromCaller) ? fromCaller : generate();
    }

    private static boolean isValid(String id) {
        // Callers put keys where they do not belong; this name is logged and sent on.
        if (id == null || id.isEmpty() || id.length() > MAX_LENGTH || id.contains(KEY_MARK)) {
            return false;
        }
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            boolean word = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
            if (!word && c != '.' && c != '_' && c != '-') {
                return false;
            }
        }
        return true;
    }

    private static String generate() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits(random.nextLong()) + hex.toHexDigits(random.nextLong());
    }
}

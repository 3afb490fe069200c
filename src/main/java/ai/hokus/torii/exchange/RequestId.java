package ai.hokus.torii.exchange;

import ai.hokus.torii.identity.KeyMask;
import io.vertx.core.MultiMap;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/** The name of one exchange in answers, logs and upstream requests. */
public final class RequestId {

    private static final int MAX_LENGTH = 64;

    private RequestId() {}

    /**
     * The caller's own name for a request with these fields if it is one ({@code [A-Za-z0-9._-]{1,64}}, no key and no part
     * of the credential beside it), else a new one. Unique enough to find a line in a log; not a secret.
     */
    public static String of(MultiMap headers) {
        String fromCaller = headers.get("X-Request-Id");
        boolean isValid = isValid(fromCaller) && !CredentialFields.tell(headers, fromCaller, 0, fromCaller.length());
        return isValid ? fromCaller : generate();
    }

    private static boolean isValid(String id) {
        // Callers put keys where they do not belong; this name is logged and sent on.
        if (id == null || id.isEmpty() || id.length() > MAX_LENGTH) {
            return false;
        }
        if (!KeyMask.masked(id).equals(id)) {
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

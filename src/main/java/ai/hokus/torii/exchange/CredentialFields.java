package ai.hokus.torii.exchange;

import ai.hokus.torii.identity.KeyMask;
import io.vertx.core.MultiMap;

/** The fields in which callers show their keys, as far as others must not repeat them. */
final class CredentialFields {

    private CredentialFields() {}

    /** Whether this stretch of a text would tell something of the credential among these fields. */
    static boolean tell(MultiMap headers, String text, int from, int end) {
        return KeyMask.isTold(headers.get("Authorization"), text, from, end)
                || KeyMask.isTold(headers.get("X-API-Key"), text, from, end);
    }
}

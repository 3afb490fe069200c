package ai.hokus.torii.exchange;

import java.util.Optional;

/**
 * An operator's order to this process, and what came of it.
 *
 * @param name revoke, purge, explain, or other where it was refused before that was known
 * @param method of the request
 * @param target of the request, unchanged
 * @param keyId the key_id it is about; empty: none
 * @param peer where it came from, without port
 * @param requestId its name in the answer
 * @param failure what the operator was told if it did not come to pass; empty: it did
 */
public record Order(
        String name,
        String method,
        String target,
        Optional<String> keyId,
        String peer,
        String requestId,
        Optional<GatewayFailure> failure) {}

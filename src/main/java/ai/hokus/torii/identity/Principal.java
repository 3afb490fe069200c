package ai.hokus.torii.identity;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Whom a key belongs to and what it may do, as the auth source says.
 *
 * @param keyId the key's public name; empty when the source gives none
 * @param userId the key's owner; empty when the source gives none
 * @param scopes what the key may do; empty grants nothing
 * @param roles what its owner is; {@code is_admin} among them when the source says so; empty grants nothing
 * @param requestsPerHour how often it may ask; empty: no limit known
 * @param expiresAt when the key itself ends; empty: never, or not known
 */
public record Principal(
        String keyId,
        String userId,
        Set<String> scopes,
        Set<String> roles,
        OptionalLong requestsPerHour,
        Optional<Instant> expiresAt) {

    /** Copies the sets, so that a principal never changes. */
    public Principal {
        scopes = Set.copyOf(scopes);
        roles = Set.copyOf(roles);
    }
}

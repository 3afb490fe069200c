package ai.hokus.torii.cli;

import ai.hokus.torii.auth.KeyFile.Key;
import java.time.Instant;
import java.util.Locale;

/** What a key of the file is good for at an instant. */
enum KeyState {
    /** Accepted. */
    ACTIVE,
    /** Refused: its time has come. */
    EXPIRED,
    /** Refused: it was taken back, whenever that is said to be. */
    REVOKED;

    /** The key's state at this instant; revoked before expired. */
    static KeyState of(Key key, Instant now) {
        if (key.revokedAt().isPresent()) {
            return REVOKED;
        }
        return key.expiresAt().filter(end -> !now.isBefore(end)).isPresent() ? EXPIRED : ACTIVE;
    }

    /** As it is printed. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}

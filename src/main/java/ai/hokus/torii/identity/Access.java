package ai.hokus.torii.identity;

import java.util.Locale;

/** What an operation needs of a key, from nothing to everything. */
public enum Access {
    /** Any accepted key. */
    NONE,
    /** Changes nothing. */
    READ,
    /** Adds or changes. */
    WRITE,
    /** Takes away. */
    DELETE,
    /** Touches identities, settings, or work that the server does on its own. */
    ADMIN;

    private final String text = name().toLowerCase(Locale.ROOT);

    /** Its name in settings, messages and the route catalogue. */
    public String text() {
        return text;
    }
}

package ai.hokus.torii.config;

import java.util.Objects;

/** A configured value that is never printed: its text leaves only through {@link #reveal()}. Immutable. */
public final class Secret {

    private final String text;

    /** Wraps the text; it may not be null. */
    public Secret(String text) {
        this.text = Objects.requireNonNull(text);
    }

    /** The value itself. The caller neither logs nor prints it. */
    public String reveal() {
        return text;
    }

    /** Always {@code [redacted]}. */
    @Override
    public String toString() {
        return "[redacted]";
    }
}

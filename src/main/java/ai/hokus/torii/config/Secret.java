package ai.hokus.torii.config;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
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

    /** Whether it holds the same text; takes as long whatever the two have in common. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Secret secret
                && MessageDigest.isEqual(
                        text.getBytes(StandardCharsets.UTF_8), secret.text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /** Always {@code [redacted]}. */
    @Override
    public String toString() {
        return "[redacted]";
    }
}

package ai.hokus.torii.identity;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The API key a caller showed: printable ASCII, of bounded length, and never printed.
 *
 * <p>Immutable and safe to share between threads. Neither {@link #toString()} nor any exception carries its text; the
 * one way to it is {@link #reveal()}, called where the key is sent to the auth service or hashed.
 */
public final class ApiKey {

    /** Longest key accepted, in characters; more than any auth service of the platform issues. */
    public static final int MAX_LENGTH = 512;

    private final String text;

    private ApiKey(String text) {
        this.text = text;
    }

    /**
     * The key in this text, or empty when it cannot be one: empty, longer than {@link #MAX_LENGTH}, or with a
     * character outside the visible ASCII range, or a quote.
     */
    public static Optional<ApiKey> parse(String text) {
        if (text.isEmpty() || text.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            // Quotes are what a shell or a document left around a pasted key; RFC 6750 §2.1 has none.
            if (c <= ' ' || c >= 0x7f || c == '"' || c == '\'') {
                return Optional.empty();
            }
        }
        return Optional.of(new ApiKey(text));
    }

    /** The key itself. The caller neither logs nor stores it. */
    public String reveal() {
        return text;
    }

    /** The key as bytes, for hashing. */
    public byte[] bytes() {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ApiKey key && key.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /** Never the key. */
    @Override
    public String toString() {
        return "ApiKey[redacted]";
    }
}

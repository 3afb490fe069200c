package ai.hokus.torii.tls;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLException;

/** What a client's failure to connect says about TLS, in words that tell an operator which file or name is wrong. */
public final class TlsFault {

    private static final int MAX_CAUSES = 10;
    private static final String CLEAR_TEXT = "it answers in clear text";

    private TlsFault() {}

    /**
     * One line for the log.
     *
     * @param cause what the client failed with; anything, TLS or not
     */
    public static String describe(Throwable cause) {
        String plain = cause.getClass().getSimpleName() + ": " + cause.getMessage();
        if (!(cause instanceof SSLException)) {
            return plain;
        }
        Throwable inner = cause;
        String said = null;
        for (int i = 0; inner != null && i < MAX_CAUSES; i++) {
            Optional<String> words = words(inner);
            if (words.isPresent()) {
                boolean isQuoted = !words.get().equals(CLEAR_TEXT);
                said = words.get() + (isQuoted ? " (" + inner.getMessage() + ")" : "");
            }
            inner = inner.getCause() == inner ? null : inner.getCause();
        }
        return said == null ? plain + deepest(cause) : "TLS: " + said;
    }

    private static Optional<String> words(Throwable cause) {
        if (cause instanceof CertificateExpiredException) {
            return Optional.of("its certificate has ended");
        }
        if (cause instanceof CertificateNotYetValidException) {
            return Optional.of("its certificate is not valid yet");
        }
        if (cause instanceof CertPathBuilderException) {
            return Optional.of("no authority that is believed vouches for its certificate");
        }
        String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
        if (message.startsWith("no subject alternative") || message.startsWith("no name matching")) {
            return Optional.of("its certificate is for another name");
        }
        if (message.contains("not an ssl/tls record")) {
            // What it sent instead stands in the message, and is nobody's business.
            return Optional.of(CLEAR_TEXT);
        }
        if (message.contains("fatal alert")) {
            return Optional.of(
                    message.contains("certificate") || message.contains("unknown_ca")
                            ? "it does not accept the client certificate, or wants one"
                            : "it refuses the handshake");
        }
        return Optional.empty();
    }

    private static String deepest(Throwable cause) {
        Throwable inner = cause;
        for (int i = 0; inner.getCause() != null && i < MAX_CAUSES; i++) {
            inner = inner.getCause();
        }
        return inner == cause ? "" : " (" + inner.getClass().getSimpleName() + ": " + inner.getMessage() + ")";
    }
}

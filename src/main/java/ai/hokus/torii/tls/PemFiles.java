package ai.hokus.torii.tls;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The PEM files of one end of TLS; each of them may be missing.
 *
 * @param certificate its own certificate first, then those up to, but without, the authority
 * @param key the private key of that certificate, not encrypted; present when {@code certificate} is
 * @param authorities the certificates of the authorities it believes
 */
public record PemFiles(Optional<Path> certificate, Optional<Path> key, Optional<Path> authorities) {

    /** No files at all: nothing to show, and the JDK's authorities are believed. */
    public static final PemFiles NONE = new PemFiles(Optional.empty(), Optional.empty(), Optional.empty());

    /** Which of the files. */
    public enum Part {
        CERTIFICATE("the file of the certificate"),
        KEY("the file of the key"),
        AUTHORITIES("the file of authorities");

        private final String label;

        Part(String label) {
            this.label = label;
        }

        /** What to call it in a sentence. */
        String label() {
            return label;
        }
    }
}

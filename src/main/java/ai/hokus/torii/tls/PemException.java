package ai.hokus.torii.tls;

/** A file of an end of TLS is not what it should be; the message continues a sentence that begins with its setting. */
public final class PemException extends Exception {

    private static final long serialVersionUID = 1L;

    private final PemFiles.Part part;

    PemException(PemFiles.Part part, String message) {
        super(message, null, false, false);
        this.part = part;
    }

    /** Which file is meant. */
    public PemFiles.Part part() {
        return part;
    }
}

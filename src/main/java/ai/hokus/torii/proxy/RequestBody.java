package ai.hokus.torii.proxy;

import io.vertx.core.buffer.Buffer;

/** How the body of one request gets to MLflow; every form but {@link Streamed} has a length. */
sealed interface RequestBody {

    /** Up to 99,999 bytes. */
    int SHORT_DIGITS = 5;

    /** None was announced; with a length of zero where the caller wrote one. */
    record None(boolean isLengthWritten) implements RequestBody {}

    /** Streamed from the caller, with the length the caller wrote. */
    record Sized(String length) implements RequestBody {}

    /** Came without a length and is small. */
    record Held(Buffer bytes) implements RequestBody {}

    /** Came without a length and waits in a file. */
    record Spooled(SpoolFile file) implements RequestBody {}

    /** Came without a length and goes on so; the first bytes were read already. */
    record Streamed(Buffer first) implements RequestBody {}

    /** The length of a body that may come in one piece, by its Content-Length; -1 for any other. */
    static int shortLength(String contentLength) {
        if (contentLength == null || contentLength.isEmpty() || contentLength.length() > SHORT_DIGITS) {
            return -1;
        }
        int length = 0;
        for (int i = 0; i < contentLength.length(); i++) {
            char c = contentLength.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            length = length * 10 + c - '0';
        }
        return length;
    }
}

package ai.hokus.torii.proxy;

import io.vertx.core.buffer.Buffer;

/** How the body of one request gets to MLflow; every form but {@link Streamed} has a length. */
sealed interface RequestBody {

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
}

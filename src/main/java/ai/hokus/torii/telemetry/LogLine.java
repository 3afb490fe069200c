package ai.hokus.torii.telemetry;

/**
 * One event as names and values, whatever the log looks like. Immutable: it is written later, on the log's thread, so that
 * an event loop only collects what it is about.
 *
 * <p>It is logged as the only argument of the message {@link #MESSAGE}, and its {@code toString} is its text: an appender
 * that knows nothing of it writes that.
 */
interface LogLine {

    /** What it is logged by. */
    String MESSAGE = "{}";

    /** What happened, in a word or two; the same for all of a kind. */
    String message();

    /** Tells all values in an order that stays. */
    void writeTo(Fields fields);

    /** Whether it is worth more than a warning, so that it is the last to be left out when the log cannot keep up. */
    default boolean isPrecious() {
        return false;
    }
}

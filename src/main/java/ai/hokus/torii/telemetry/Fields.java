package ai.hokus.torii.telemetry;

/** Takes the names and values of a {@link LogLine}; one implementation for each format of the log. */
interface Fields {

    /** A text by anybody; null or empty: none. */
    Fields text(String name, String value);

    /** A text of ours out of a small fixed set, without any character to escape; null: none. */
    Fields word(String name, String value);

    /** Writes a name, and returns where its value goes. */
    StringBuilder name(String name);

    /** A number; negative: none. */
    default Fields number(String name, long value) {
        if (value < 0) {
            return word(name, null);
        }
        name(name).append(value);
        return this;
    }

    /** A time, written in milliseconds with one digit behind the point; negative: none. */
    default Fields millis(String name, long nanos) {
        if (nanos < 0) {
            return word(name, null);
        }
        SafeText.millis(name(name), nanos);
        return this;
    }

    /** A text by anybody that most lines do not have; null or empty: not even its name. */
    default Fields remark(String name, String value) {
        return value == null || value.isEmpty() ? this : text(name, value);
    }
}

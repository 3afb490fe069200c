package ai.hokus.torii.telemetry;

/** Writes {@code name=value}, separated by blanks; {@code -} stands for none. */
final class TextFields implements Fields {

    /** Enough for nearly every line. */
    private static final int LINE_CHARS = 640;

    private final StringBuilder out;
    private boolean hasBegun;

    /** Behind what is there. */
    TextFields(StringBuilder out) {
        this.out = out;
    }

    /** A line as text. */
    static String of(LogLine line) {
        StringBuilder out = new StringBuilder(LINE_CHARS);
        line.writeTo(new TextFields(out));
        return out.toString();
    }

    @Override
    public StringBuilder name(String name) {
        if (hasBegun) {
            out.append(' ');
        }
        hasBegun = true;
        return out.append(name).append('=');
    }

    @Override
    public Fields text(String name, String value) {
        name(name).append(value == null ? "-" : SafeText.quoted(value));
        return this;
    }

    @Override
    public Fields word(String name, String value) {
        name(name).append(value == null ? "-" : value);
        return this;
    }
}

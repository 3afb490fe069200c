package ai.hokus.torii.telemetry;

import ai.hokus.torii.identity.KeyMask;

/** Writes members of a JSON object, numbers as numbers, {@code null} for none; a comma before each. */
final class JsonFields implements Fields {

    private final StringBuilder out;

    /** Behind the first member of an object. */
    JsonFields(StringBuilder out) {
        this.out = out;
    }

    private StringBuilder name(String name) {
        return out.append(",\"").append(name).append("\":");
    }

    @Override
    public Fields text(String name, String value) {
        if (value == null || value.isEmpty()) {
            return word(name, null);
        }
        SafeText.json(name(name), SafeText.cut(KeyMask.masked(value)));
        return this;
    }

    @Override
    public Fields word(String name, String value) {
        StringBuilder to = name(name);
        if (value == null) {
            to.append("null");
        } else {
            to.append('"').append(value).append('"');
        }
        return this;
    }

    @Override
    public Fields number(String name, long value) {
        if (value < 0) {
            return word(name, null);
        }
        name(name).append(value);
        return this;
    }

    @Override
    public Fields millis(String name, long nanos) {
        if (nanos < 0) {
            return word(name, null);
        }
        SafeText.millis(name(name), nanos);
        return this;
    }
}

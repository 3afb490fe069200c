package ai.hokus.torii.telemetry;

import ai.hokus.torii.identity.KeyMask;

/** Writes members of a JSON object, numbers as numbers, {@code null} for none; a comma before each. */
final class JsonFields implements Fields {

    private final StringBuilder out;

    /** Behind the first member of an object. */
    JsonFields(StringBuilder out) {
        this.out = out;
    }

    @Override
    public StringBuilder name(String name) {
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
}

package ai.hokus.torii.telemetry;

import ai.hokus.torii.identity.KeyMask;

/**
 * Texts by callers and others as they may stand in a line of the log: no key, no end, no character that a terminal or a
 * reader of lines takes for one or for a command.
 */
final class SafeText {

    /** Of a value that a caller can make up. */
    private static final int MAX_VALUE = 512;

    private static final char REPLACEMENT = '\ufffd';

    private SafeText() {}

    /** The path of a target; its query is left out, what is too long cut off. */
    static String path(String target) {
        int question = target.indexOf('?');
        int end = question < 0 ? target.length() : question;
        if (end > MAX_VALUE) {
            return target.substring(0, MAX_VALUE) + '…';
        }
        return question < 0 ? target : target.substring(0, question) + "?…";
    }

    /** The beginning of a value that is too long. */
    static String cut(String value) {
        return value.length() <= MAX_VALUE + 2 ? value : value.substring(0, MAX_VALUE) + '…';
    }

    /** A value for {@code name=value}: quoted when it must be, in ASCII. */
    static String quoted(String raw) {
        if (raw.isEmpty()) {
            return "-";
        }
        String masked = cut(KeyMask.masked(raw));
        if (isPlain(masked)) {
            return masked;
        }
        StringBuilder out = new StringBuilder(masked.length() + 2);
        boolean quote = false;
        for (int i = 0; i < masked.length(); i++) {
            char c = masked.charAt(i);
            if (c < ' ' || c >= 0x7f && c != '…') {
                escape(out, c);
            } else if (c == '"' || c == '\\') {
                out.append('\\').append(c);
                quote = true;
            } else {
                out.append(c);
                quote |= c == ' ' || c == '=';
            }
        }
        return quote ? "\"" + out + "\"" : out.toString();
    }

    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=') {
                return false;
            }
        }
        return true;
    }

    /** A whole message as text: only what is no character of a line is escaped. */
    static void message(StringBuilder out, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (breaks(c) || isBroken(text, i)) {
                escape(out, c);
            } else {
                out.append(c);
            }
        }
    }

    /** A string of JSON's (RFC 8259 §7), in quotes; half a surrogate pair, which UTF-8 cannot hold, is replaced. */
    static void json(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c == '\n') {
                out.append("\\n");
            } else if (c == '\t') {
                out.append("\\t");
            } else if (breaks(c)) {
                escape(out, c);
            } else {
                out.append(isBroken(text, i) ? REPLACEMENT : c);
            }
        }
        out.append('"');
    }

    /** Controls, ends of lines, marks that turn the direction of what follows. */
    private static boolean breaks(char c) {
        if (c < 0x7f) {
            return c < ' ';
        }
        return c < 0xa0
                || c >= '\u2028' && c <= '\u202e'
                || c >= '\u200e' && c <= '\u200f'
                || c >= '\u2066' && c <= '\u2069'
                || c == '\ufeff';
    }

    private static boolean isBroken(String text, int i) {
        char c = text.charAt(i);
        if (!Character.isSurrogate(c)) {
            return false;
        }
        return Character.isHighSurrogate(c)
                ? i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1))
                : i == 0 || !Character.isHighSurrogate(text.charAt(i - 1));
    }

    private static void escape(StringBuilder out, char c) {
        out.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            out.append(Character.forDigit(c >> shift & 15, 16));
        }
    }

    /** Milliseconds with one digit behind the point. */
    static void millis(StringBuilder out, long nanos) {
        out.append(nanos / 1_000_000).append('.').append(nanos / 100_000 % 10);
    }
}

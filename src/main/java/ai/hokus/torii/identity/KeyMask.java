package ai.hokus.torii.identity;

import java.util.regex.Pattern;

/**
 * Takes keys out of texts that are written or sent on, because callers put keys where they do not belong: plain, with
 * any of their characters percent-encoded, once or more, and in base64, also behind a user's name.
 */
public final class KeyMask {

    private static final Pattern KEY = Pattern.compile(
            "(?i)(?:h|%(?:25)*[46]8)(?:k|%(?:25)*[46]b)(?:_|%(?:25)*5f)[^\\s/?&\"'`<>(){}\\[\\],;:#|\\\\]*");

    /** The three ways in which {@code hk_} can stand in base64, by its distance from a multiple of three bytes. */
    private static final Pattern BASE64 =
            Pattern.compile("(?:aGtf|[GWm2]hrX(?=[w-z0-9+/_-])|oa1[89+/_-])[A-Za-z0-9+/_=%-]*");

    private static final String MASK = "[key]";

    /** So many characters in a row tell something of a secret. */
    private static final int TELLING = 8;

    private static final int PROBE = 4;

    private KeyMask() {}

    /** A text, a path for instance, with whatever looks like a key of the platform's taken out. */
    public static String masked(String text) {
        if (!mayHoldKey(text)) {
            return text;
        }
        return BASE64.matcher(KEY.matcher(text).replaceAll(MASK)).replaceAll(MASK);
    }

    /** A cheap look before the costly one: most texts hold none of these pairs. */
    private static boolean mayHoldKey(String text) {
        char before = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean mayBegin = switch (c) {
                case 'k', 'K' -> before == 'h' || before == 'H' || before == '8';
                case 't' -> before == 'G';
                case 'r' -> before == 'h';
                case '1' -> before == 'a';
                case 'b', 'B' -> before == '6' || before == '4';
                default -> false;
            };
            if (mayBegin) {
                return true;
            }
            before = c;
        }
        return false;
    }

    /**
     * Whether this stretch of a text and a credential have so many characters in a row in common that they would tell
     * something of it: eight.
     *
     * @param credential what a caller showed; null: nothing
     */
    public static boolean isTold(String credential, String text, int from, int end) {
        if (credential == null) {
            return false;
        }
        // Eight characters in a row hold four that begin at a multiple of five.
        for (int i = from; i + PROBE <= end; i += TELLING - PROBE + 1) {
            String probe = text.substring(i, i + PROBE);
            for (int at = credential.indexOf(probe); at >= 0; at = credential.indexOf(probe, at + 1)) {
                if (common(credential, at, text, i, from, end) >= TELLING) {
                    return true;
                }
            }
        }
        return false;
    }

    /** How long the stretch around these two places is that both texts have in common. */
    private static int common(String one, int at, String other, int i, int from, int end) {
        int before = 0;
        while (at - before > 0 && i - before > from && one.charAt(at - before - 1) == other.charAt(i - before - 1)) {
            before++;
        }
        int after = 0;
        while (at + after < one.length() && i + after < end && one.charAt(at + after) == other.charAt(i + after)) {
            after++;
        }
        return before + after;
    }
}

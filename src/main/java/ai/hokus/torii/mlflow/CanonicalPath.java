package ai.hokus.torii.mlflow;

import ai.hokus.torii.exchange.GatewayFailure;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * A request target read once, in the one way it can be read; anything that MLflow could read differently is refused.
 *
 * <p>MLflow decodes a path once before it routes ({@code %2F} becomes a slash) and artifact paths again until nothing
 * changes (measured on MLflow 3.6, still so in 3.17). So an escape that decodes to a delimiter, or to another escape,
 * has two readings. Escapes of unreserved characters are decoded (RFC 3986 §6.2.2.2), a raw {@code ;} is
 * escaped, every other legal escape stays byte for byte.
 *
 * @param path starts with a slash; no dot segment, no control character
 * @param query as it came, without the question mark; null when there was none
 */
public record CanonicalPath(String path, String query) {

    /**
     * Reads a request target in origin-form or absolute-form (RFC 9112 §3.2); the authority of an absolute one is
     * ignored.
     *
     * @throws GatewayFailure path_refused, naming what is ambiguous
     */
    public static CanonicalPath parse(String target) {
        String origin = originForm(target);
        int question = origin.indexOf('?');
        String rawPath = question < 0 ? origin : origin.substring(0, question);
        String query = question < 0 ? null : origin.substring(question + 1);
        if (query != null) {
            refuseBadBytes(query, "query");
        }
        return new CanonicalPath(canonical(rawPath), query);
    }

    private static String originForm(String target) {
        if (target.startsWith("/")) {
            return target;
        }
        String lower = target.toLowerCase(Locale.ROOT);
        if (lower.startsWith("http://") || lower.startsWith("https://")) {
            int authority = target.indexOf("//") + 2;
            int end = authority;
            while (end < target.length() && "/?#".indexOf(target.charAt(end)) < 0) {
                end++;
            }
            String rest = target.substring(end);
            return rest.startsWith("/") ? rest : "/" + rest;
        }
        throw GatewayFailure.pathRefused("it does not start with a slash");
    }

    private static String canonical(String raw) {
        refuseBadBytes(raw, "path");
        if (raw.indexOf('%') < 0 && raw.indexOf(';') < 0) {
            refuseDotSegments(raw, false);
            return raw;
        }
        // MLflow's Python clients write ';' raw in artifact names; escaped, nobody takes it for a path parameter.
        String escaped = raw.indexOf(';') < 0 ? raw : raw.replace(";", "%3B");
        String path = escaped.indexOf('%') < 0 ? escaped : decodeUnreserved(escaped);
        refuseDoubleEncoding(path);
        refuseDotSegments(path, true);
        return path;
    }

    private static void refuseBadBytes(String text, String part) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c >= 0x7f) {
                throw GatewayFailure.pathRefused(
                        "its " + part + " holds a space, a control character or raw 8-bit text");
            }
            if (c == '#' || c == '\\' && part.equals("path")) {
                throw GatewayFailure.pathRefused("its " + part + " holds a raw '" + c + "'");
            }
        }
    }

    private static String decodeUnreserved(String raw) {
        StringBuilder out = new StringBuilder(raw.length());
        byte[] decoded = new byte[raw.length()];
        int count = 0;
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c != '%') {
                out.append(c);
                decoded[count++] = (byte) c;
                continue;
            }
            int value = escape(raw, i);
            refuseEscape(raw, i, value);
            if (isUnreserved(value)) {
                out.append((char) value);
            } else {
                out.append(raw, i, i + 3);
            }
            decoded[count++] = (byte) value;
            i += 2;
        }
        refuseBadUtf8(decoded, count);
        return out.toString();
    }

    private static int escape(String raw, int at) {
        int high = at + 2 < raw.length() ? Character.digit(raw.charAt(at + 1), 16) : -1;
        int low = at + 2 < raw.length() ? Character.digit(raw.charAt(at + 2), 16) : -1;
        if (high < 0 || low < 0) {
            throw GatewayFailure.pathRefused("it holds a '%' that is no escape (write %25)");
        }
        return high << 4 | low;
    }

    private static void refuseEscape(String raw, int at, int value) {
        boolean control = value < 0x20 || value == 0x7f;
        if (control || value == '/' || value == '\\') {
            throw GatewayFailure.pathRefused(
                    "it holds " + raw.substring(at, at + 3) + ", an encoded slash, backslash or control character");
        }
    }

    /** Looked for once the unreserved are decoded: "%25%32%66" and "%252%66" become "%252f" only then. */
    private static void refuseDoubleEncoding(String path) {
        for (int at = path.indexOf("%25"); at >= 0; at = path.indexOf("%25", at + 3)) {
            if (areHexDigits(path, at + 3)) {
                throw GatewayFailure.pathRefused("it is encoded twice (" + path.substring(at, at + 5) + ")");
            }
        }
    }

    /** Whether two hexadecimal digits stand here, which behind a '%' are an escape (RFC 3986 §2.1). */
    static boolean areHexDigits(String text, int at) {
        return at + 1 < text.length()
                && Character.digit(text.charAt(at), 16) >= 0
                && Character.digit(text.charAt(at + 1), 16) >= 0;
    }

    private static boolean isUnreserved(int c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '-'
                || c == '.'
                || c == '_'
                || c == '~';
    }

    private static void refuseBadUtf8(byte[] bytes, int count) {
        try {
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes, 0, count));
        } catch (CharacterCodingException e) {
            throw GatewayFailure.pathRefused("its escapes are not UTF-8");
        }
    }

    private static void refuseDotSegments(String path, boolean mayHoldParameters) {
        int start = 1;
        while (start <= path.length()) {
            int end = path.indexOf('/', start);
            end = end < 0 ? path.length() : end;
            int parameter = mayHoldParameters && path.startsWith(".", start) ? indexOfSemicolon(path, start) : -1;
            int nameEnd = parameter < 0 ? end : Math.min(end, parameter);
            boolean dot = nameEnd - start == 1 && path.charAt(start) == '.';
            boolean dots = nameEnd - start == 2 && path.charAt(start) == '.' && path.charAt(start + 1) == '.';
            if (dot || dots) {
                throw GatewayFailure.pathRefused("it holds a '.' or '..' segment");
            }
            start = end + 1;
        }
    }

    private static int indexOfSemicolon(String path, int from) {
        int upper = path.indexOf("%3B", from);
        int lower = path.indexOf("%3b", from);
        return upper < 0 || lower < 0 ? Math.max(upper, lower) : Math.min(upper, lower);
    }
}

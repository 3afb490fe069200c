package ai.hokus.torii.exchange;

import io.vertx.core.http.HttpMethod;
import java.util.Map;

/**
 * What Netty 4.2 and Vert.x 5.2 let through in HTTP/2 and HTTP/1.1 cannot say: a target that is no path, a field name that
 * is no token, a control character in a value (RFC 9113 §8.2.1, §8.3.1). Of these a request to MLflow could be made that
 * reads as two. Functions of a {@link RequestHead} alone.
 */
final class StreamHeadRules {

    private StreamHeadRules() {}

    /**
     * Refuses a head that HTTP/1.1 cannot carry.
     *
     * @throws GatewayFailure request_malformed
     */
    static void check(RequestHead head) {
        String target = head.target();
        boolean isPath = target.startsWith("/") || head.method() == HttpMethod.OPTIONS && target.equals("*");
        if (!isPath || !isVisible(target)) {
            throw GatewayFailure.requestMalformed("its :path is no path of visible ASCII characters");
        }
        for (Map.Entry<String, String> field : head.headers()) {
            if (!isToken(field.getKey())) {
                throw GatewayFailure.requestMalformed("the name of a header field is no token");
            }
            if (!isText(field.getValue())) {
                throw GatewayFailure.requestMalformed("a header field holds a control character");
            }
        }
    }

    private static boolean isVisible(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c >= 0x7f) {
                return false;
            }
        }
        return true;
    }

    /** A token of RFC 9110 §5.6.2. */
    private static boolean isToken(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean word = c >= 'a' && c <= 'z' || c >= '0' && c <= '9';
            if (!word && "!#$%&'*+-.^_`|~".indexOf(c) < 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean isText(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < ' ' && c != '\t' || c == 0x7f) {
                return false;
            }
        }
        return true;
    }
}

package ai.hokus.torii.exchange;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What Netty 4.2 and Vert.x 5.2 let through and a proxy may not: a Host that is missing, doubled or no host
 * (RFC 9112 §3.2), an empty field name, a transfer coding other than chunked (RFC 9112 §6.1), a framing field that
 * {@code Connection} calls droppable (RFC 9110 §7.6.1), a body where none is expected (RFC 9110 §9.3.1), an unknown
 * expectation (RFC 9110 §10.1.1). Functions of a {@link RequestHead} alone.
 */
public final class HeadRules {

    private static final Pattern IP_LITERAL = Pattern.compile("\\[[0-9A-Fa-f:.]+]");

    private static final Set<String> KEEP_ALIVE = Set.of("keep-alive");
    private static final Set<String> FRAMING = Set.of("content-length", "transfer-encoding");

    private HeadRules() {}

    /**
     * Refuses a head that two readers could read differently.
     *
     * @throws GatewayFailure host_refused or request_malformed
     */
    public static void check(RequestHead head) {
        if (head.version() == HttpVersion.HTTP_2) {
            StreamHeadRules.check(head);
        }
        checkHost(head);
        if (head.headers().contains("")) {
            throw GatewayFailure.requestMalformed("a header field has no name");
        }
        List<String> codings = head.headers().getAll(HttpHeaders.TRANSFER_ENCODING);
        if (!codings.isEmpty() && !(codings.size() == 1 && codings.get(0).trim().equalsIgnoreCase("chunked"))) {
            throw GatewayFailure.requestMalformed("the only Transfer-Encoding taken is 'chunked'");
        }
        checkConnection(head);
        checkUnexpectedBody(head);
        for (String expectation : head.headers().getAll(HttpHeaders.EXPECT)) {
            if (!expectation.equalsIgnoreCase("100-continue")) {
                throw GatewayFailure.requestMalformed(417, "the only expectation taken is '100-continue'");
            }
        }
    }

    private static void checkConnection(RequestHead head) {
        for (String name : head.connectionOptions()) {
            if (FRAMING.contains(name)) {
                throw GatewayFailure.requestMalformed("its Connection field names " + name);
            }
        }
    }

    /** Whether the caller wants the connection to end behind the answer (RFC 9112 §9.6). */
    static boolean asksToClose(RequestHead head) {
        return head.connectionOptions().contains("close");
    }

    /** What the Connection fields of a head name, in lower case (RFC 9110 §7.6.1); empty when there are none. */
    public static Set<String> connectionOptions(MultiMap headers) {
        List<String> values = headers.getAll(HttpHeaders.CONNECTION);
        if (values.isEmpty()) {
            return Set.of();
        }
        if (values.size() == 1 && values.get(0).equalsIgnoreCase("keep-alive")) {
            // What nearly every client sends.
            return KEEP_ALIVE;
        }
        Set<String> names = new HashSet<>();
        for (String value : values) {
            for (String name : value.split(",")) {
                names.add(name.trim().toLowerCase(Locale.ROOT));
            }
        }
        return names;
    }

    /** Whether the answer to this request ends with its head (RFC 9112 §6.3). */
    public static boolean isAnswerBodyless(HttpMethod method, int status) {
        return method == HttpMethod.HEAD || status == 204 || status == 304;
    }

    /** Whether the body may be more than what is held in memory without a thought: six digits, or no length. */
    static boolean mayBringMuch(RequestHead head) {
        String length = head.field(HttpHeaders.CONTENT_LENGTH);
        return declaresBody(head) && (length == null || length.length() > 5);
    }

    /** MLflow reads a GET's JSON body when there is no query; any other body of a GET is what smuggling is made of. */
    private static void checkUnexpectedBody(RequestHead head) {
        if (!head.isRead() || !declaresBody(head)) {
            return;
        }
        String type = head.field(HttpHeaders.CONTENT_TYPE);
        if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
            throw GatewayFailure.requestMalformed("it is a " + head.method()
                    + " with a body that is not application/json; send the parameters in the query string");
        }
    }

    /** Whether the head announces a body (RFC 9112 §6.3). */
    static boolean declaresBody(RequestHead head) {
        String length = head.field(HttpHeaders.CONTENT_LENGTH);
        return length != null && !isZero(length) || head.isLengthless();
    }

    private static boolean isZero(String length) {
        for (int i = 0; i < length.length(); i++) {
            if (length.charAt(i) != '0') {
                return false;
            }
        }
        return true;
    }

    /**
     * The host and port the caller asked for: the target's own in absolute-form, which beats the Host field (RFC 9112
     * §3.2.2); null when an HTTP/1.0 request names none.
     */
    public static String authority(RequestHead head) {
        String target = head.target();
        int scheme = target.indexOf("://");
        if (scheme <= 0 || target.startsWith("/")) {
            return head.field(HttpHeaders.HOST);
        }
        int end = scheme + 3;
        while (end < target.length() && "/?#".indexOf(target.charAt(end)) < 0) {
            end++;
        }
        return target.substring(scheme + 3, end);
    }

    private static void checkHost(RequestHead head) {
        if (!head.target().startsWith("/") && !isHost(authority(head))) {
            throw GatewayFailure.hostRefused("it is no host name or address with an optional port");
        }
        List<String> hosts = head.headers().getAll(HttpHeaders.HOST);
        if (hosts.isEmpty() && head.version() == HttpVersion.HTTP_1_0) {
            return;
        }
        if (hosts.size() != 1) {
            throw GatewayFailure.hostRefused(hosts.isEmpty() ? "there is none" : "there are " + hosts.size());
        }
        if (!isHost(hosts.get(0))) {
            throw GatewayFailure.hostRefused("it is no host name or address with an optional port");
        }
    }

    private static boolean isHost(String host) {
        int portAt = host.startsWith("[") ? host.indexOf(']') + 1 : host.indexOf(':');
        String name = portAt < 0 ? host : host.substring(0, portAt);
        String port = portAt < 0 ? "" : host.substring(portAt);
        boolean known = host.startsWith("[") ? IP_LITERAL.matcher(name).matches() : isHostName(name);
        return known && (port.isEmpty() || isPort(port));
    }

    private static boolean isHostName(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean word = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
            if (!word && "._~-".indexOf(c) < 0) {
                return false;
            }
        }
        return !name.isEmpty();
    }

    private static boolean isPort(String port) {
        for (int i = 1; i < port.length(); i++) {
            if (port.charAt(i) < '0' || port.charAt(i) > '9') {
                return false;
            }
        }
        return port.charAt(0) == ':' && port.length() <= 6;
    }
}

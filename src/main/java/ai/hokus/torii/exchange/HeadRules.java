package ai.hokus.torii.exchange;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What Netty 4.2 and Vert.x 5.2 let through and a proxy may not: a Host that is missing, doubled or no host
 * (RFC 9112 §3.2), an empty field name, a transfer coding other than chunked (RFC 9112 §6.1), a framing field that
 * {@code Connection} calls droppable (RFC 9110 §7.6.1), a body where none is expected (RFC 9110 §9.3.1), an unknown
 * expectation (RFC 9110 §10.1.1).
 */
public final class HeadRules {

    private static final Pattern IP_LITERAL = Pattern.compile("\\[[0-9A-Fa-f:.]+]");
    private static final Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9._~-]+");

    private static final Set<String> FRAMING = Set.of("content-length", "transfer-encoding");

    private HeadRules() {}

    /**
     * Refuses a head that two readers could read differently.
     *
     * @throws GatewayFailure host_refused or request_malformed
     */
    public static void check(HttpServerRequest request) {
        checkHost(request);
        for (Map.Entry<String, String> field : request.headers()) {
            if (field.getKey().isEmpty()) {
                throw GatewayFailure.requestMalformed("a header field has no name");
            }
        }
        List<String> codings = request.headers().getAll(HttpHeaders.TRANSFER_ENCODING);
        if (!codings.isEmpty() && !(codings.size() == 1 && codings.get(0).trim().equalsIgnoreCase("chunked"))) {
            throw GatewayFailure.requestMalformed("the only Transfer-Encoding taken is 'chunked'");
        }
        checkConnection(request);
        checkUnexpectedBody(request);
        if (!request.headers().getAll(HttpHeaders.EXPECT).stream().allMatch("100-continue"::equalsIgnoreCase)) {
            throw GatewayFailure.requestMalformed(417, "the only expectation taken is '100-continue'");
        }
    }

    private static void checkConnection(HttpServerRequest request) {
        connectionOptions(request.headers()).stream()
                .filter(FRAMING::contains)
                .findFirst()
                .ifPresent(name -> {
                    throw GatewayFailure.requestMalformed("its Connection field names " + name);
                });
    }

    /** Whether the caller wants the connection to end behind the answer (RFC 9112 §9.6). */
    static boolean asksToClose(HttpServerRequest request) {
        return connectionOptions(request.headers()).contains("close");
    }

    /** What the Connection fields of a head name, in lower case (RFC 9110 §7.6.1); empty when there are none. */
    public static Set<String> connectionOptions(MultiMap headers) {
        List<String> values = headers.getAll(HttpHeaders.CONNECTION);
        if (values.isEmpty()) {
            return Set.of();
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
    public static boolean isAnswerBodyless(HttpServerRequest request, int status) {
        return request.method() == HttpMethod.HEAD || status == 204 || status == 304;
    }

    /** Whether the body may be more than what is held in memory without a thought: six digits, or no length. */
    static boolean mayBringMuch(HttpServerRequest request) {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return declaresBody(request) && (length == null || length.length() > 5);
    }

    /** MLflow reads a GET's JSON body when there is no query; any other body of a GET is what smuggling is made of. */
    private static void checkUnexpectedBody(HttpServerRequest request) {
        boolean expected = request.method() != HttpMethod.GET && request.method() != HttpMethod.HEAD;
        if (expected || !declaresBody(request)) {
            return;
        }
        String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
        if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
            throw GatewayFailure.requestMalformed("it is a " + request.method()
                    + " with a body that is not application/json; send the parameters in the query string");
        }
    }

    /** Whether the head announces a body (RFC 9112 §6.3). */
    static boolean declaresBody(HttpServerRequest request) {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return length != null && !isZero(length) || request.headers().contains(HttpHeaders.TRANSFER_ENCODING);
    }

    private static boolean isZero(String length) {
        return length.chars().allMatch(c -> c == '0');
    }

    /**
     * The host and port the caller asked for: the target's own in absolute-form, which beats the Host field (RFC 9112
     * §3.2.2); null when an HTTP/1.0 request names none.
     */
    public static String authority(HttpServerRequest request) {
        String target = request.uri();
        int scheme = target.indexOf("://");
        if (scheme <= 0 || target.startsWith("/")) {
            return request.getHeader(HttpHeaders.HOST);
        }
        int end = scheme + 3;
        while (end < target.length() && "/?#".indexOf(target.charAt(end)) < 0) {
            end++;
        }
        return target.substring(scheme + 3, end);
    }

    private static void checkHost(HttpServerRequest request) {
        String authority = authority(request);
        if (authority != null && !isHost(authority)) {
            throw GatewayFailure.hostRefused("it is no host name or address with an optional port");
        }
        List<String> hosts = request.headers().getAll(HttpHeaders.HOST);
        if (hosts.isEmpty() && request.version() == HttpVersion.HTTP_1_0) {
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
        boolean known = host.startsWith("[")
                ? IP_LITERAL.matcher(name).matches()
                : HOST_NAME.matcher(name).matches();
        return known && (port.isEmpty() || isPort(port));
    }

    private static boolean isPort(String port) {
        return port.charAt(0) == ':'
                && port.length() <= 6
                && port.chars().skip(1).allMatch(c -> c >= '0' && c <= '9');
    }
}

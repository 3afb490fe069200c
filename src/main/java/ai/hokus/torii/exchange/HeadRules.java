package ai.hokus.torii.exchange;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What Netty 4.2 and Vert.x 5.2 let through and a proxy may not: a Host that is missing, doubled or no host
 * (RFC 9112 §3.2), an empty field name, a transfer coding other than chunked (RFC 9112 §6.1), an unknown expectation
 * (RFC 9110 §10.1.1).
 */
public final class HeadRules {

    private static final Pattern IP_LITERAL = Pattern.compile("\\[[0-9A-Fa-f:.]+]");
    private static final Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9._~-]+");

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
        if (!request.headers().getAll(HttpHeaders.EXPECT).stream().allMatch("100-continue"::equalsIgnoreCase)) {
            throw GatewayFailure.requestMalformed(417, "the only expectation taken is '100-continue'");
        }
    }

    private static void checkHost(HttpServerRequest request) {
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

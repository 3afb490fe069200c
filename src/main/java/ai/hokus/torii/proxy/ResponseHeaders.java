package ai.hokus.torii.proxy;

import ai.hokus.torii.config.MlflowConfig;
import ai.hokus.torii.exchange.Exchange;
import io.vertx.core.MultiMap;
import java.net.URI;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The rules by which MLflow's header fields become the answer's: hop-by-hop fields stop here, repeated ones stay
 * repeated, and an address of MLflow's own in {@code Location} becomes a path under the caller's mount.
 */
final class ResponseHeaders {

    private final URI upstream;

    ResponseHeaders(MlflowConfig config) {
        this.upstream = config.url();
    }

    void copy(Exchange exchange, MultiMap from, MultiMap to) {
        Set<String> nominated = RequestHeaders.nominated(from);
        for (Map.Entry<String, String> field : from) {
            String lower = field.getKey().toLowerCase(Locale.ROOT);
            boolean stays = RequestHeaders.HOP_BY_HOP.contains(lower) || nominated.contains(lower);
            boolean ours =
                    lower.equals("x-request-id") || lower.startsWith("x-torii-") || lower.startsWith("access-control-");
            if (stays || ours) {
                continue;
            }
            to.add(field.getKey(), lower.equals("location") ? location(exchange, field.getValue()) : field.getValue());
        }
    }

    private String location(Exchange exchange, String location) {
        String mount = exchange.route().map(route -> route.mount()).orElse("");
        String own = upstream.getScheme() + "://" + upstream.getRawAuthority();
        String path = location;
        if (location.regionMatches(true, 0, own, 0, own.length())
                && (location.length() == own.length() || "/?#".indexOf(location.charAt(own.length())) >= 0)) {
            path = location.substring(own.length());
            path = path.startsWith("/") ? path : "/" + path;
        } else if (!location.startsWith("/") || location.startsWith("//")) {
            return location;
        }
        String prefix = UpstreamPool.prefix(upstream);
        boolean prefixed = !prefix.isEmpty() && (path.equals(prefix) || path.startsWith(prefix + "/"));
        return mount + (prefixed ? path.substring(prefix.length()) : path);
    }
}

package ai.hokus.torii.proxy;

import ai.hokus.torii.config.MlflowConfig;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.HeadRules;
import io.vertx.core.MultiMap;
import java.net.URI;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The rules by which MLflow's header fields become the answer's: hop-by-hop fields stop here, repeated ones stay
 * repeated, an address of MLflow's own in {@code Location} becomes a path under the caller's mount, and nobody is sent
 * away for longer than a minute.
 */
final class ResponseHeaders implements ForwardStage.HeaderRule {

    private final URI upstream;
    private final Set<String> origins;

    ResponseHeaders(MlflowConfig config) {
        this.upstream = config.url();
        // MLflow builds addresses from the Host field it is sent, and behind TLS it may think itself on plain HTTP.
        this.origins = Stream.concat(
                        config.upstreams().urls().stream().map(URI::getRawAuthority), config.hostHeader().stream())
                .flatMap(host -> Stream.of("http://" + host, "https://" + host))
                .collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public void copy(Passage passage, MultiMap from, MultiMap to) {
        Set<String> nominated = HeadRules.connectionOptions(from);
        for (Map.Entry<String, String> field : from) {
            String lower = field.getKey().toLowerCase(Locale.ROOT);
            boolean stays = RequestHeaders.HOP_BY_HOP.contains(lower) || nominated.contains(lower);
            boolean ours = lower.equals("x-request-id")
                    || lower.startsWith("x-torii-")
                    || lower.startsWith("access-control-")
                    // MLflow's limits are not the key's.
                    || lower.startsWith("ratelimit")
                    || lower.startsWith("x-ratelimit-");
            if (stays || ours) {
                continue;
            }
            switch (lower) {
                case "location" -> to.add(field.getKey(), location(passage.mount(), field.getValue()));
                case "retry-after" -> to.add(field.getKey(), retryAfter(field.getValue()));
                default -> to.add(field.getKey(), field.getValue());
            }
        }
    }

    /** MLflow's Python client obeys any pause, an hour included; a date is rarely worth more trust than a number. */
    private static String retryAfter(String value) {
        String longest = Long.toString(GatewayFailure.MAX_RETRY_AFTER.toSeconds());
        boolean seconds = !value.isEmpty() && value.chars().allMatch(c -> c >= '0' && c <= '9');
        boolean shorter = seconds
                && (value.length() < longest.length()
                        || value.length() == longest.length() && value.compareTo(longest) < 0);
        return shorter ? value : longest;
    }

    private String location(String mount, String location) {
        String path = location;
        Optional<String> own = origins.stream()
                .filter(origin -> startsWithOrigin(location, origin))
                .findFirst();
        if (own.isPresent()) {
            path = location.substring(own.get().length());
            path = path.startsWith("/") ? path : "/" + path;
        } else if (!location.startsWith("/") || location.startsWith("//")) {
            return location;
        }
        String prefix = UpstreamPool.prefix(upstream);
        boolean prefixed = !prefix.isEmpty() && (path.equals(prefix) || path.startsWith(prefix + "/"));
        return mount + (prefixed ? path.substring(prefix.length()) : path);
    }

    private static boolean startsWithOrigin(String location, String origin) {
        return location.regionMatches(true, 0, origin, 0, origin.length())
                && (location.length() == origin.length() || "/?#".indexOf(location.charAt(origin.length())) >= 0);
    }
}

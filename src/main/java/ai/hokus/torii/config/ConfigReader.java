package ai.hokus.torii.config;

import ai.hokus.torii.config.ForwardConfig.Spool;
import ai.hokus.torii.config.ForwardConfig.UnknownLength;
import ai.hokus.torii.config.MlflowConfig.BasicCredential;
import ai.hokus.torii.config.MlflowConfig.Upstreams;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Reads the sections out of the merged values, with the range each may have and the rules between them. */
final class ConfigReader {

    private static final Duration ZERO = Duration.ZERO;
    private static final Set<String> LOCAL = Set.of("localhost", "127.0.0.1", "0.0.0.0", "[::1]", "[::]");

    private final Values values;
    private final Duration reloadInterval;
    private final TlsReader tls;

    ConfigReader(Values values) {
        this.values = values;
        this.reloadInterval = values.duration("reload.interval", ZERO, Duration.ofHours(1));
        this.tls = new TlsReader(values, reloadInterval);
    }

    GatewayConfig read() {
        ListenerConfig api = api();
        MlflowConfig mlflow = mlflow();
        mlflow.upstreams().urls().forEach(url -> refuseSelf("mlflow.url", url, api));
        AuthConfigReader authReader = new AuthConfigReader(values, tls);
        AuthConfig auth = authReader.auth();
        if (auth.source() instanceof AuthServiceConfig service) {
            refuseSelf("auth.http.url", service.url(), api);
        }
        return new GatewayConfig(
                api,
                new ManagementConfig(
                        values.required("management.host", "write an address to bind"),
                        values.integer("management.port", "TCP port", 0, 65_535)),
                mlflow,
                auth,
                new AuthorizationConfigReader(values).authorization(),
                new RateLimitConfigReader(values).ratelimit(),
                authReader.admin(),
                forward(),
                new LimitsConfig(
                        values.bytesOrNone("limits.control-body", 1024, 1L << 50),
                        values.bytesOrNone("limits.artifact-body", 1024, 1L << 50)),
                CorsOrigins.read(values),
                new DrainConfig(
                        values.duration("drain.delay", ZERO, Duration.ofMinutes(10)),
                        values.duration("drain.grace", ZERO, Duration.ofHours(24))),
                reloadInterval,
                new LogConfig(
                        values.choice("log.format", LogConfig.Format.class),
                        values.integer("log.refusals-per-second", "lines a second", 0, 1_000_000)));
    }

    private ListenerConfig api() {
        int instances = values.integer("api.instances", "event loops", 0, 256);
        Optional<ListenerTls> listenerTls = tls.listener();
        return new ListenerConfig(
                values.required("api.host", "write an address to bind"),
                values.integer("api.port", "TCP port", 0, 65_535),
                instances == 0 ? Runtime.getRuntime().availableProcessors() : instances,
                values.duration("api.head-timeout", Duration.ofSeconds(1), Duration.ofMinutes(5)),
                values.duration("api.idle-timeout", Duration.ofSeconds(1), Duration.ofHours(1)),
                (int) values.bytes("api.max-target", 1024, 1 << 20),
                (int) values.bytes("api.max-head", 1024, 1 << 20),
                listenerTls,
                http2(listenerTls.isPresent()),
                new ListenerConfig.Caps(
                        values.integer("listener.max-connections", "connections", 1, 1_000_000),
                        values.integer("listener.max-connections-per-address", "connections", 1, 1_000_000)),
                trustedProxies());
    }

    private Optional<Http2Config> http2(boolean hasTls) {
        boolean isOn = values.bool("listener.http2");
        Http2Config config = new Http2Config(values.integer("listener.http2-streams", "requests", 1, 10_000));
        if (isOn && !hasTls) {
            values.problem(
                    "listener.http2",
                    "is true, but callers agree on HTTP/2 within TLS alone; set listener.tls.cert-path and"
                            + " listener.tls.key-path");
        }
        return isOn ? Optional.of(config) : Optional.empty();
    }

    private List<AddressRange> trustedProxies() {
        List<AddressRange> ranges = new ArrayList<>();
        for (String text : values.list("api.trusted-proxies")) {
            AddressRange.parse(text)
                    .ifPresentOrElse(
                            ranges::add,
                            () -> values.problem(
                                    "api.trusted-proxies",
                                    "must hold ranges like 10.0.0.0/8 or fd00::/8, with no bit set beyond the prefix,"
                                            + " but holds '" + text + "'"));
        }
        return ranges;
    }

    private MlflowConfig mlflow() {
        Optional<String> username = values.text("mlflow.username");
        Optional<Secret> password = values.secret("mlflow.password");
        if (username.isPresent() != password.isPresent()) {
            values.problem(
                    username.isPresent() ? "mlflow.password" : "mlflow.username",
                    "is not set, but the other half of the credential is");
        }
        return new MlflowConfig(
                upstreams(),
                values.text("mlflow.host-header"),
                values.bool("mlflow.serve-artifacts"),
                username.flatMap(u -> password.map(p -> new BasicCredential(u, p))),
                tls.peer("mlflow"));
    }

    private Upstreams upstreams() {
        List<URI> urls = values.urls("mlflow.url", "say where MLflow is, e.g. http://mlflow:5000");
        Set<String> authorities = new HashSet<>();
        for (URI url : urls) {
            boolean alike = url.getScheme().equalsIgnoreCase(urls.get(0).getScheme())
                    && prefix(url).equals(prefix(urls.get(0)));
            if (!alike) {
                values.problem(
                        "mlflow.url",
                        "must hold replicas of one scheme and one path, but '" + url + "' differs from '" + urls.get(0)
                                + "'");
            } else if (!authorities.add(url.getHost().toLowerCase(Locale.ROOT) + ":" + port(url))) {
                values.problem("mlflow.url", "must name each replica once, but names '" + url + "' again");
            }
        }
        return new Upstreams(
                urls,
                values.duration("mlflow.dns-interval", Duration.ofMillis(100), Duration.ofHours(1)),
                values.duration("mlflow.probe-interval", Duration.ofMillis(100), Duration.ofHours(1)),
                values.integer("mlflow.probe-failures", "failures", 1, 100));
    }

    private static String prefix(URI url) {
        String path = url.getRawPath();
        return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    private static int port(URI url) {
        return url.getPort() >= 0 ? url.getPort() : "https".equalsIgnoreCase(url.getScheme()) ? 443 : 80;
    }

    private ForwardConfig forward() {
        Duration shortest = Duration.ofMillis(10);
        Duration longest = Duration.ofHours(24);
        return new ForwardConfig(
                values.duration("forward.connect-timeout", shortest, Duration.ofMinutes(1)),
                values.duration("forward.pool-wait", shortest, Duration.ofMinutes(10)),
                values.integer("forward.connections", "connections", 1, 10_000),
                values.integer("forward.queue", "requests", 0, 100_000),
                values.duration("forward.keep-alive", Duration.ofSeconds(1), Duration.ofHours(1)),
                values.duration("forward.head-timeout", shortest, longest),
                values.duration("forward.artifact-head-timeout", shortest, longest),
                values.duration("forward.interim-interval", Duration.ofMillis(100), longest),
                values.duration("forward.upload-stall-timeout", shortest, longest),
                values.duration("forward.download-stall-timeout", shortest, longest),
                values.choice("upload.unknown-length", UnknownLength.class),
                new Spool(
                        values.path("spool.directory"),
                        values.bytes("spool.max-body", 1 << 16, 1L << 50),
                        values.bytes("spool.max-total", 1 << 16, 1L << 50)));
    }

    private void refuseSelf(String key, URI url, ListenerConfig api) {
        boolean here = LOCAL.contains(url.getHost()) || api.host().equals(url.getHost());
        if (here && port(url) == api.port()) {
            values.problem(key, "points to this gateway itself ('" + url + "' is where it listens)");
        }
    }
}

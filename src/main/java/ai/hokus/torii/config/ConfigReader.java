package ai.hokus.torii.config;

import ai.hokus.torii.config.AuthConfig.Form;
import ai.hokus.torii.config.ForwardConfig.Spool;
import ai.hokus.torii.config.ForwardConfig.UnknownLength;
import ai.hokus.torii.config.MlflowConfig.BasicCredential;
import ai.hokus.torii.config.MlflowConfig.ClientCertificate;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/** Reads the sections out of the merged values, with the range each may have and the rules between them. */
final class ConfigReader {

    private static final Duration ZERO = Duration.ZERO;
    private static final Set<String> LOCAL = Set.of("localhost", "127.0.0.1", "0.0.0.0", "[::1]", "[::]");

    private final Values values;

    ConfigReader(Values values) {
        this.values = values;
    }

    GatewayConfig read() {
        ListenerConfig api = api();
        MlflowConfig mlflow = mlflow();
        refuseSelf("mlflow.url", mlflow.url(), api);
        AuthConfig auth = auth(api);
        return new GatewayConfig(
                api,
                new ManagementConfig(
                        values.required("management.host", "write an address to bind"),
                        values.integer("management.port", 0, 65_535)),
                mlflow,
                auth,
                forward(),
                Set.copyOf(values.list("cors.origins")),
                new DrainConfig(
                        values.duration("drain.delay", ZERO, Duration.ofMinutes(10)),
                        values.duration("drain.grace", ZERO, Duration.ofHours(24))));
    }

    private ListenerConfig api() {
        int instances = values.integer("api.instances", 0, 256);
        return new ListenerConfig(
                values.required("api.host", "write an address to bind"),
                values.integer("api.port", 0, 65_535),
                instances == 0 ? Runtime.getRuntime().availableProcessors() : instances,
                values.duration("api.head-timeout", Duration.ofSeconds(1), Duration.ofMinutes(5)),
                values.duration("api.idle-timeout", Duration.ofSeconds(1), Duration.ofHours(1)),
                (int) values.bytes("api.max-target", 1024, 1 << 20),
                (int) values.bytes("api.max-head", 1024, 1 << 20));
    }

    private MlflowConfig mlflow() {
        Optional<String> username = values.text("mlflow.username");
        Optional<Secret> password = values.secret("mlflow.password");
        if (username.isPresent() != password.isPresent()) {
            values.problem(
                    username.isPresent() ? "mlflow.password" : "mlflow.username",
                    "is not set, but the other half of the credential is");
        }
        Optional<Path> certificate = values.path("mlflow.client-cert-path");
        Optional<Path> key = values.path("mlflow.client-key-path");
        if (certificate.isPresent() != key.isPresent()) {
            values.problem(
                    certificate.isPresent() ? "mlflow.client-key-path" : "mlflow.client-cert-path",
                    "is not set, but the other half of the client certificate is");
        }
        for (String file :
                new String[] {"mlflow.ca-bundle-path", "mlflow.client-cert-path", "mlflow.client-key-path"}) {
            values.path(file)
                    .filter(p -> !Files.isReadable(p))
                    .ifPresent(p -> values.problem(file, "names a file that cannot be read: '" + p + "'"));
        }
        return new MlflowConfig(
                values.url("mlflow.url", "say where MLflow is, e.g. http://mlflow:5000"),
                values.text("mlflow.host-header"),
                values.bool("mlflow.serve-artifacts"),
                username.flatMap(u -> password.map(p -> new BasicCredential(u, p))),
                values.path("mlflow.ca-bundle-path"),
                certificate.flatMap(c -> key.map(k -> new ClientCertificate(c, k))));
    }

    private AuthConfig auth(ListenerConfig api) {
        AuthConfig.Cache cache = new AuthConfig.Cache(
                values.duration("auth.cache.ttl", ZERO, Duration.ofMinutes(10)),
                values.duration("auth.cache.refused-ttl", ZERO, Duration.ofMinutes(10)),
                values.integer("auth.cache.max-entries", 1, 10_000_000));
        boolean service = values.isSet("auth.http.url");
        boolean file = values.isSet("auth.file.path");
        if (service && file) {
            values.problem("auth.file.path", "and the auth service are both set; keep exactly one auth source");
        }
        if (!service && !file) {
            values.problem(
                    "auth.http.url",
                    "is not set; say where the auth service is, e.g. http://auth:8000, or name a key file in"
                            + " TORII_AUTH_FILE_PATH");
        }
        if (file) {
            return new AuthConfig(
                    new AuthConfig.KeyFile(
                            values.path("auth.file.path").orElseThrow(),
                            values.duration("auth.file.reload-interval", Duration.ofMillis(100), Duration.ofHours(1))),
                    cache);
        }
        return new AuthConfig(service ? http(api) : unset(), cache);
    }

    /** Stands in where no source is set; that problem is already noted, so this never leaves the loader. */
    private static AuthConfig.Source unset() {
        return new AuthConfig.KeyFile(Path.of("unset"), Duration.ofSeconds(1));
    }

    private AuthConfig.Http http(ListenerConfig api) {
        URI url = values.url("auth.http.url", "say where the auth service is, e.g. http://auth:8000");
        refuseSelf("auth.http.url", url, api);
        String path = values.required("auth.http.path", "write the path of its validation route");
        if (!path.startsWith("/")) {
            values.problem("auth.http.path", "must start with a slash, but is '" + path + "'");
        }
        Form form = values.choice("auth.http.form", Form.class);
        Optional<Secret> credential = values.secret("auth.http.service-credential");
        if (form == Form.SERVICE && credential.isEmpty()) {
            values.problem("auth.http.service-credential", "is not set, but auth.http.form 'service' sends it");
        }
        if (form != Form.SERVICE && credential.isPresent()) {
            values.problem("auth.http.service-credential", "is set, but only auth.http.form 'service' sends it");
        }
        return new AuthConfig.Http(
                url,
                path,
                form,
                values.required("auth.http.service-id", "write the service's name, e.g. platform"),
                credential,
                values.duration("auth.http.timeout", Duration.ofMillis(10), Duration.ofMinutes(1)),
                values.bool("auth.http.send-client-ip"),
                values.integer("auth.http.connections", 1, 10_000));
    }

    private ForwardConfig forward() {
        Duration shortest = Duration.ofMillis(10);
        Duration longest = Duration.ofHours(24);
        return new ForwardConfig(
                values.duration("forward.connect-timeout", shortest, Duration.ofMinutes(1)),
                values.duration("forward.pool-wait", shortest, Duration.ofMinutes(10)),
                values.integer("forward.connections", 1, 10_000),
                values.integer("forward.queue", 0, 100_000),
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
        int port = url.getPort() >= 0 ? url.getPort() : "https".equalsIgnoreCase(url.getScheme()) ? 443 : 80;
        boolean here = LOCAL.contains(url.getHost()) || api.host().equals(url.getHost());
        if (here && port == api.port()) {
            values.problem(key, "points to this gateway itself ('" + url + "' is where it listens)");
        }
    }
}

package ai.hokus.torii.config;

import ai.hokus.torii.config.AuthServiceConfig.AnswerPaths;
import ai.hokus.torii.config.AuthServiceConfig.Fields;
import ai.hokus.torii.config.AuthServiceConfig.Form;
import ai.hokus.torii.config.AuthServiceConfig.Method;
import ai.hokus.torii.config.AuthServiceConfig.Question;
import ai.hokus.torii.identity.ApiKey;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Reads who says whose a key is, and what operators may order, with the rules between those settings. */
final class AuthConfigReader {

    private static final int MAX_PORT = 65_535;
    private static final Duration ZERO = Duration.ZERO;
    private static final String NO_SCHEME = "none";
    private static final Set<String> NOT_FOR_KEYS = Set.of(
            "host",
            "connection",
            "content-length",
            "content-type",
            "transfer-encoding",
            "te",
            "trailer",
            "upgrade",
            "expect",
            "user-agent");
    private static final String TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";

    private final Values values;
    private final TlsReader tls;

    AuthConfigReader(Values values, TlsReader tls) {
        this.values = values;
        this.tls = tls;
    }

    AuthConfig auth() {
        AuthConfig.Cache cache = new AuthConfig.Cache(
                values.duration("auth.cache.ttl", ZERO, Duration.ofMinutes(10)),
                values.duration("auth.cache.refused-ttl", ZERO, Duration.ofMinutes(10)),
                values.duration("auth.cache.stale-reads", ZERO, Duration.ofHours(1)),
                values.duration("auth.cache.stale-writes", ZERO, Duration.ofHours(1)),
                values.integer("auth.cache.max-entries", "keys", 1, 10_000_000),
                values.integer("auth.cache.max-refused-entries", "keys", 1, 10_000_000));
        AuthConfig.UnknownKeys unknownKeys = new AuthConfig.UnknownKeys(
                values.integer("auth.unknown-keys.rate", "look-ups a second", 0, 1_000_000),
                values.integer("auth.unknown-keys.burst", "look-ups", 1, 1_000_000),
                values.integer("auth.unknown-keys.at-once", "look-ups", 1, 100_000));
        AuthConfig.Breaker breaker = new AuthConfig.Breaker(
                values.integer("auth.breaker.min-calls", "calls", 1, 10_000),
                values.duration("auth.breaker.window", Duration.ofSeconds(1), Duration.ofMinutes(5)),
                values.integer("auth.breaker.failure-percent", "percent", 1, 100),
                values.duration("auth.breaker.open", Duration.ofMillis(10), Duration.ofMinutes(1)),
                values.duration("auth.breaker.ramp", ZERO, Duration.ofMinutes(5)));
        return new AuthConfig(source(), cache, unknownKeys, breaker);
    }

    private AuthConfig.Source source() {
        boolean service = values.isSet("auth.http.url");
        boolean file = values.isSet("auth.file.path");
        if (service && file) {
            values.problem("auth.file.path", "and the auth service are both set; keep exactly one auth source");
        }
        if (file) {
            return new AuthConfig.KeyFile(
                    values.path("auth.file.path").orElseThrow(),
                    values.duration("auth.file.reload-interval", Duration.ofMillis(100), Duration.ofHours(1)));
        }
        if (service) {
            return service();
        }
        values.problem(
                "auth.http.url",
                "is not set; say where the auth service is, e.g. http://auth:8000, or name a key file in"
                        + " TORII_AUTH_FILE_PATH");
        // Stands in where no source is set; that problem is noted, so this never leaves the loader.
        return new AuthConfig.KeyFile(Path.of("unset"), Duration.ofSeconds(1));
    }

    private AuthServiceConfig service() {
        Question question = question();
        Optional<Secret> canary = values.secret("auth.http.canary-key");
        if (canary.isPresent()
                && canary.flatMap(key -> ApiKey.parse(key.reveal())).isEmpty()) {
            values.problem("auth.http.canary-key", "cannot be a key: it is too long, or holds blanks or quotes");
        }
        refuseContradictions(question, canary);
        return new AuthServiceConfig(
                values.url("auth.http.url", "say where the auth service is, e.g. http://auth:8000"),
                tls.peer("auth.http"),
                question,
                new AnswerPaths(
                        paths("auth.http.answer.valid"),
                        paths("auth.http.answer.key-id"),
                        paths("auth.http.answer.user-id"),
                        paths("auth.http.answer.scopes"),
                        paths("auth.http.answer.roles"),
                        paths("auth.http.answer.is-admin"),
                        paths("auth.http.answer.rate-limit"),
                        paths("auth.http.answer.expires-at")),
                canary,
                values.duration("auth.http.timeout", Duration.ofMillis(10), Duration.ofMinutes(1)),
                values.duration("auth.http.keep-alive", Duration.ofSeconds(1), Duration.ofMinutes(10)),
                values.integer("auth.http.connections", "connections", 1, 10_000));
    }

    private Question question() {
        String path = values.required("auth.http.path", "write the path of its validation route");
        if (!path.matches("/[!-~]*") || path.contains("#")) {
            values.problem(
                    "auth.http.path", "must start with a slash and hold no blanks, but is '" + path.trim() + "'");
        }
        String scheme = values.required("auth.http.key-scheme", "write a scheme like Bearer, or none");
        return new Question(
                values.choice("auth.http.method", Method.class),
                path,
                values.choice("auth.http.form", Form.class),
                values.required("auth.http.service-id", "write the service's name, e.g. platform"),
                visible("auth.http.service-credential"),
                keyHeader(),
                scheme.equals(NO_SCHEME) ? "" : token("auth.http.key-scheme", scheme),
                values.bool("auth.http.send-client-ip"),
                new Fields(
                        values.required("auth.http.fields.api-key", "write a JSON field's name"),
                        values.required("auth.http.fields.service-id", "write a JSON field's name"),
                        values.required("auth.http.fields.client-ip", "write a JSON field's name")));
    }

    private String keyHeader() {
        String name = token("auth.http.key-header", values.required("auth.http.key-header", "write a field's name"));
        if (NOT_FOR_KEYS.contains(name.toLowerCase(Locale.ROOT))) {
            values.problem("auth.http.key-header", "has a meaning of its own in HTTP and cannot hold a key: " + name);
        }
        return name;
    }

    /** A secret that travels in a header field. */
    private Optional<Secret> visible(String key) {
        Optional<Secret> secret = values.secret(key);
        if (secret.filter(text -> !text.reveal().matches("[!-~]+")).isPresent()) {
            values.problem(key, "may hold visible ASCII characters only");
        }
        return secret;
    }

    /** A token of RFC 9110 §5.6.2, which is all that a field name or a scheme may be. */
    private String token(String key, String text) {
        if (!text.matches(TOKEN)) {
            values.problem(key, "must be one word without separators, but is '" + text + "'");
        }
        return text;
    }

    private void refuseContradictions(Question question, Optional<Secret> canary) {
        Form form = question.form();
        boolean credential = question.serviceCredential().isPresent();
        if (form == Form.SERVICE && !credential) {
            values.problem("auth.http.service-credential", "is not set, but auth.http.form 'service' sends it");
        }
        if ((form == Form.HEADER || form == Form.BODY) && credential) {
            values.problem(
                    "auth.http.service-credential", "is set, but only auth.http.form 'service' or 'auto' sends it");
        }
        if (form == Form.AUTO && credential && canary.isEmpty()) {
            values.problem(
                    "auth.http.canary-key",
                    "is not set, but with a service credential auth.http.form 'auto' can tell the forms apart only by"
                            + " a key that must be accepted");
        }
        if (question.method() == Method.GET && form != Form.HEADER) {
            values.problem("auth.http.method", "'get' has no body, so auth.http.form must be 'header'");
        }
    }

    private List<String> paths(String key) {
        List<String> paths = values.list(key);
        for (String path : paths) {
            if (!path.matches("[^.\\s]+(\\.[^.\\s]+)*")) {
                values.problem(key, "must hold dotted paths like user.user_id, but holds '" + path + "'");
            }
        }
        return paths;
    }

    AdminConfig admin() {
        boolean shares = values.bool("admin.share-revocations");
        Optional<Secret> redis = values.secret("redis.url");
        if (shares && redis.isEmpty()) {
            values.problem("redis.url", "is not set, but admin.share-revocations carries them through Redis");
        }
        redis = redis.filter(url -> shares);
        redis.ifPresent(url -> requireRedisAddress(values, url));
        return new AdminConfig(visible("admin.token"), shares, redis);
    }

    /** What nobody uses is not judged: {@code REDIS_URL} may be there for others. */
    static void requireRedisAddress(Values values, Secret url) {
        if (!isRedisAddress(url.reveal())) {
            values.problem(
                    "redis.url",
                    "must be an address like redis://:password@redis:6379/0 (rediss:// for TLS), with every special"
                            + " character of the password as %XX");
        }
    }

    private static boolean isRedisAddress(String text) {
        try {
            URI uri = new URI(text);
            boolean isRedis = "redis".equals(uri.getScheme()) || "rediss".equals(uri.getScheme());
            return isRedis
                    && uri.getHost() != null
                    && uri.getPort() <= MAX_PORT
                    && uri.getQuery() == null
                    && uri.getFragment() == null
                    && uri.getPath().matches("(/\\d{0,9})?");
        } catch (URISyntaxException e) {
            // Its message quotes the address, and with it the password.
            return false;
        }
    }
}

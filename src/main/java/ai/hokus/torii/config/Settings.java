package ai.hokus.torii.config;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The catalogue of settings: every name that a file or the environment may use.
 *
 * <p>The dotted key {@code auth.cache.ttl} is {@code TORII_AUTH_CACHE_TTL} in the environment. Some settings also keep
 * the name that the platform's deployments already set.
 */
final class Settings {

    /** Environment names of ours that are no settings: where the file is, and the key of the command line tools. */
    private static final Set<String> RESERVED = Set.of("TORII_CONFIG", "TORII_API_KEY");

    static final List<Setting> ALL = List.of(
            new Setting("api.host", "API_HOST").restart(),
            new Setting("api.port", "API_PORT").restart(),
            new Setting("api.instances").restart(),
            new Setting("api.head-timeout"),
            new Setting("api.idle-timeout"),
            new Setting("api.max-target"),
            new Setting("api.max-head"),
            new Setting("api.trusted-proxies"),
            new Setting("listener.max-connections"),
            new Setting("listener.max-connections-per-address"),
            new Setting("listener.http2").restart(),
            new Setting("listener.http2-streams").restart(),
            new Setting("listener.tls.cert-path").restart(),
            new Setting("listener.tls.key-path").restart(),
            new Setting("listener.tls.client-ca-path").restart(),
            new Setting("listener.tls.client-auth").restart(),
            new Setting("listener.tls.handshake-timeout").restart(),
            new Setting("management.host").restart(),
            new Setting("management.port").restart(),
            new Setting("admin.token").secret(),
            new Setting("admin.share-revocations"),
            new Setting("redis.url", "REDIS_URL").secret(),
            new Setting("mlflow.url", "MLFLOW_SERVER_URL"),
            new Setting("mlflow.dns-interval"),
            new Setting("mlflow.probe-interval"),
            new Setting("mlflow.probe-failures"),
            new Setting("mlflow.host-header"),
            new Setting("mlflow.serve-artifacts", "MLFLOW_SERVE_ARTIFACTS"),
            new Setting("mlflow.username"),
            new Setting("mlflow.password").secret(),
            new Setting("mlflow.ca-bundle-path", "MLFLOW_CA_BUNDLE_PATH"),
            new Setting("mlflow.client-cert-path", "MLFLOW_CLIENT_CERT_PATH"),
            new Setting("mlflow.client-key-path", "MLFLOW_CLIENT_KEY_PATH"),
            new Setting("auth.http.url", "HOKUSAI_AUTH_SERVICE_URL"),
            new Setting("auth.http.ca-bundle-path"),
            new Setting("auth.http.client-cert-path"),
            new Setting("auth.http.client-key-path"),
            new Setting("auth.http.method"),
            new Setting("auth.http.path"),
            new Setting("auth.http.form"),
            new Setting("auth.http.key-header"),
            new Setting("auth.http.key-scheme"),
            new Setting("auth.http.service-id", "AUTH_SERVICE_ID"),
            new Setting("auth.http.service-credential").secret(),
            new Setting("auth.http.timeout", "AUTH_SERVICE_TIMEOUT").bareSeconds(),
            new Setting("auth.http.send-client-ip"),
            new Setting("auth.http.keep-alive"),
            new Setting("auth.http.connections"),
            new Setting("auth.http.canary-key").secret(),
            new Setting("auth.http.fields.api-key"),
            new Setting("auth.http.fields.service-id"),
            new Setting("auth.http.fields.client-ip"),
            new Setting("auth.http.answer.valid"),
            new Setting("auth.http.answer.key-id"),
            new Setting("auth.http.answer.user-id"),
            new Setting("auth.http.answer.scopes"),
            new Setting("auth.http.answer.roles"),
            new Setting("auth.http.answer.is-admin"),
            new Setting("auth.http.answer.rate-limit"),
            new Setting("auth.http.answer.expires-at"),
            new Setting("auth.file.path"),
            new Setting("auth.file.reload-interval"),
            new Setting("auth.cache.ttl"),
            new Setting("auth.cache.refused-ttl"),
            new Setting("auth.cache.stale-reads"),
            new Setting("auth.cache.stale-writes"),
            new Setting("auth.cache.max-entries"),
            new Setting("auth.cache.max-refused-entries"),
            new Setting("auth.unknown-keys.rate"),
            new Setting("auth.unknown-keys.burst"),
            new Setting("auth.unknown-keys.at-once"),
            new Setting("auth.breaker.min-calls"),
            new Setting("auth.breaker.window"),
            new Setting("auth.breaker.failure-percent"),
            new Setting("auth.breaker.open"),
            new Setting("auth.breaker.ramp"),
            new Setting("authorization.mode"),
            new Setting("authorization.unknown-operations"),
            new Setting("authorization.scopes.read").blankIsAnAnswer(),
            new Setting("authorization.scopes.write").blankIsAnAnswer(),
            new Setting("authorization.scopes.delete").blankIsAnAnswer(),
            new Setting("authorization.scopes.admin").blankIsAnAnswer(),
            new Setting("authorization.scopes.explain").blankIsAnAnswer(),
            new Setting("authorization.operations"),
            new Setting("authorization.routes"),
            new Setting("ratelimit.mode"),
            new Setting("ratelimit.per-hour"),
            new Setting("ratelimit.classes"),
            new Setting("ratelimit.transfers-per-key"),
            new Setting("ratelimit.refused-per-minute"),
            new Setting("ratelimit.store"),
            new Setting("ratelimit.redis-timeout"),
            new Setting("forward.connect-timeout"),
            new Setting("forward.pool-wait"),
            new Setting("forward.connections"),
            new Setting("forward.queue"),
            new Setting("forward.keep-alive"),
            new Setting("forward.head-timeout"),
            new Setting("forward.artifact-head-timeout"),
            new Setting("forward.interim-interval"),
            new Setting("forward.upload-stall-timeout"),
            new Setting("forward.download-stall-timeout"),
            new Setting("upload.unknown-length"),
            new Setting("spool.directory"),
            new Setting("spool.max-body"),
            new Setting("spool.max-total"),
            new Setting("limits.control-body"),
            new Setting("limits.artifact-body"),
            new Setting("cors.origins", "CORS_ORIGINS"),
            new Setting("drain.delay"),
            new Setting("drain.grace"),
            new Setting("reload.interval").restart(),
            new Setting("log.format"),
            new Setting("log.refusals-per-second"));

    private static final Map<String, Setting> BY_KEY =
            withFiles().collect(Collectors.toUnmodifiableMap(Setting::key, Function.identity()));

    private Settings() {}

    /** All, and for each secret where the name of its file may stand. */
    private static Stream<Setting> withFiles() {
        return ALL.stream().flatMap(setting -> Stream.concat(Stream.of(setting), setting.file().stream()));
    }

    /**
     * One setting.
     *
     * @param key its dotted key in a file
     * @param alias the platform's environment name; null: none
     * @param isSecret whether its value is never printed
     * @param takesBareSeconds whether the alias may be a number without a unit, meaning seconds
     * @param isBlankAnAnswer whether a blank value is read, and judged, instead of standing for none
     * @param needsRestart whether a change of it takes a new process
     */
    record Setting(
            String key,
            String alias,
            boolean isSecret,
            boolean takesBareSeconds,
            boolean isBlankAnAnswer,
            boolean needsRestart) {

        Setting(String key) {
            this(key, null, false, false, false, false);
        }

        Setting(String key, String alias) {
            this(key, alias, false, false, false, false);
        }

        Setting secret() {
            return new Setting(key, alias, true, takesBareSeconds, isBlankAnAnswer, needsRestart);
        }

        Setting bareSeconds() {
            return new Setting(key, alias, isSecret, true, isBlankAnAnswer, needsRestart);
        }

        /** Somebody who emptied a list of scopes must not get its default without a word. */
        Setting blankIsAnAnswer() {
            return new Setting(key, alias, isSecret, takesBareSeconds, true, needsRestart);
        }

        /** What is opened once with the process, a socket above all, stays as it was at the start. */
        Setting restart() {
            return new Setting(key, alias, isSecret, takesBareSeconds, isBlankAnAnswer, true);
        }

        /** For a secret: where it may be named which file holds it; else empty. */
        Optional<Setting> file() {
            return isSecret
                    ? Optional.of(new Setting(key + ".file", alias == null ? null : alias + "_FILE"))
                    : Optional.empty();
        }

        /** Its environment name: {@code TORII_} and the key in capitals. */
        String environmentName() {
            return "TORII_" + key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
        }

        /** The name an operator of the platform knows it by. */
        String label() {
            return alias != null ? alias : key;
        }
    }

    static Setting byKey(String key) {
        Setting setting = BY_KEY.get(key);
        if (setting == null) {
            throw new IllegalArgumentException("not a setting: " + key);
        }
        return setting;
    }

    static boolean isKnown(String key) {
        return BY_KEY.containsKey(key);
    }

    /** Whether the value under this dotted key is a secret itself, not the name of its file. */
    static boolean isSecret(String key) {
        return BY_KEY.get(key).isSecret();
    }

    /** Whether this environment name claims to be a setting of ours and is none. */
    static boolean isUnknownEnvironmentName(String name) {
        // Kubernetes injects TORII_PORT… and TORII_SERVICE_… for a Service named "torii".
        return name.startsWith("TORII_")
                && !name.startsWith("TORII_PORT")
                && !name.startsWith("TORII_SERVICE_")
                && !RESERVED.contains(name)
                && withFiles().noneMatch(s -> s.environmentName().equals(name));
    }

    /** The known dotted key nearest to this one, or empty when nothing is near. */
    static Optional<String> nearestKey(String key) {
        return nearest(key, withFiles().map(Setting::key));
    }

    /** The known environment name nearest to this one, or empty when nothing is near. */
    static Optional<String> nearestEnvironmentName(String name) {
        return nearest(name, withFiles().map(Setting::environmentName));
    }

    private static Optional<String> nearest(String wanted, Stream<String> known) {
        return known.min(Comparator.comparingInt(candidate -> distance(wanted, candidate)))
                .filter(candidate -> distance(wanted, candidate) <= Math.max(2, wanted.length() / 3));
    }

    /** Levenshtein's distance, row by row. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                int substitution = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(substitution, Math.min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}

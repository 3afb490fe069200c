package ai.hokus.torii.config;

import ai.hokus.torii.config.RateLimitConfig.Mode;
import ai.hokus.torii.config.RateLimitConfig.SharedStore;
import ai.hokus.torii.config.RateLimitConfig.Store;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Reads how often keys may ask. */
final class RateLimitConfigReader {

    private static final String CLASSES = "ratelimit.classes";
    private static final int MOST = 1_000_000_000;

    private final Values values;

    RateLimitConfigReader(Values values) {
        this.values = values;
    }

    RateLimitConfig ratelimit() {
        return new RateLimitConfig(
                values.choice("ratelimit.mode", Mode.class),
                values.integer("ratelimit.per-hour", "requests an hour", 0, MOST),
                classes(),
                values.integer("ratelimit.transfers-per-key", "transfers", 0, 100_000),
                values.integer("ratelimit.refused-per-minute", "requests a minute", 0, 1_000_000),
                store());
    }

    private Map<String, Long> classes() {
        Map<String, Long> classes = new HashMap<>();
        for (String item : values.list(CLASSES)) {
            // A scope may hold an equals sign, a number may not.
            int equals = item.lastIndexOf('=');
            String scope = equals < 0 ? "" : item.substring(0, equals).trim();
            String number = item.substring(equals + 1).trim();
            if (scope.isEmpty() || !number.matches("\\d{1,9}")) {
                values.problem(
                        CLASSES, "must hold scopes with requests an hour, like batch=100000, but holds '" + item + "'");
            } else if (classes.put(scope, Long.parseLong(number)) != null) {
                values.problem(CLASSES, "names the scope '" + scope + "' twice");
            }
        }
        return classes;
    }

    private Optional<SharedStore> store() {
        Store store = values.choice("ratelimit.store", Store.class);
        Duration timeout = values.duration("ratelimit.redis-timeout", Duration.ofMillis(10), Duration.ofSeconds(5));
        if (store == Store.LOCAL) {
            return Optional.empty();
        }
        Optional<Secret> url = values.secret("redis.url");
        if (url.isEmpty()) {
            values.problem("redis.url", "is not set, but ratelimit.store 'redis' counts there");
        }
        url.ifPresent(address -> AuthConfigReader.requireRedisAddress(values, address));
        return url.map(address -> new SharedStore(address, timeout));
    }
}

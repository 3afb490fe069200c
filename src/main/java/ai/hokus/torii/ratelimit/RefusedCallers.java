package ai.hokus.torii.ratelimit;

import ai.hokus.torii.config.AddressRange;
import ai.hokus.torii.exchange.TokenBucket;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;

/**
 * The addresses from which callers were refused lately, with what each has left: bounded, and an address from which
 * nobody was refused for two minutes is as good as new. Safe for concurrent use.
 */
final class RefusedCallers {

    private static final long MOST = 50_000;
    private static final double SECONDS = 60;
    private static final Duration UNTIL_FORGIVEN = Duration.ofMinutes(2);
    private static final int IPV6_BYTES = 16;

    private final Ticker ticker;
    private final Cache<String, TokenBucket> addresses;

    RefusedCallers(Ticker ticker) {
        this.ticker = ticker;
        this.addresses = Caffeine.newBuilder()
                .maximumSize(MOST)
                .ticker(ticker)
                .executor(Runnable::run)
                .expireAfterAccess(UNTIL_FORGIVEN)
                .build();
    }

    /**
     * Notes that a caller at this address was refused, whether or not it had anything left: many may have been on their
     * way at once.
     *
     * @return whether the address counts and had something left
     */
    boolean charge(String address, int perMinute) {
        Optional<String> origin = origin(address);
        if (origin.isEmpty()) {
            return false;
        }
        boolean hadSome = pause(address, perMinute) == 0;
        addresses
                .get(origin.get(), o -> new TokenBucket(perMinute, ticker.read()))
                .charge(perMinute / SECONDS, perMinute, ticker.read());
        return hadSome;
    }

    /** Seconds until a caller at this address may be refused once more; 0: it may now. */
    long pause(String address, int perMinute) {
        // Nearly always: nobody was refused, and no address need be looked at.
        if (addresses.estimatedSize() == 0) {
            return 0;
        }
        Optional<String> origin = origin(address);
        TokenBucket bucket = origin.isEmpty() ? null : addresses.getIfPresent(origin.get());
        double left = bucket == null ? 1 : bucket.left(perMinute / SECONDS, perMinute, ticker.read());
        return left >= 1 ? 0 : (long) Math.ceil((1 - left) * SECONDS / perMinute);
    }

    long size() {
        return addresses.estimatedSize();
    }

    /** Who counts as one: an IPv4 address, the first 64 bits of an IPv6 one; empty for loopback and what is none. */
    static Optional<String> origin(String address) {
        if (address == null || address.startsWith("127.")) {
            return Optional.empty();
        }
        if (address.indexOf(':') < 0) {
            return Optional.of(address);
        }
        int zone = address.indexOf('%');
        return AddressRange.address(zone < 0 ? address : address.substring(0, zone))
                .flatMap(RefusedCallers::origin);
    }

    private static Optional<String> origin(byte[] address) {
        if (address.length < IPV6_BYTES) {
            return address[0] == 127
                    ? Optional.empty()
                    : Optional.of((address[0] & 0xff) + "." + (address[1] & 0xff) + "." + (address[2] & 0xff) + "."
                            + (address[3] & 0xff));
        }
        ByteBuffer words = ByteBuffer.wrap(address);
        long network = words.getLong();
        return network == 0 && words.getLong() == 1 ? Optional.empty() : Optional.of(Long.toHexString(network) + "::");
    }
}

package ai.hokus.torii.exchange;

import ai.hokus.torii.config.AddressRange;
import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Decides what the caller's address is: the peer's, unless the peer is a trusted proxy; then the right-most address in
 * {@code X-Forwarded-For} that is no trusted proxy's.
 *
 * <p>Every proxy appends the address it was called from, so what stands left of the first untrusted one is hearsay. What
 * is no address ends the search at the hop before it. Immutable, shared by all event loops.
 */
public final class ClientAddress {

    private final List<AddressRange> trusted;

    /** Trusts the proxies in these ranges. */
    public ClientAddress(List<AddressRange> trusted) {
        this.trusted = List.copyOf(trusted);
    }

    /** The caller's address, without port. */
    public String of(HttpServerRequest request) {
        String peer = request.connection().remoteAddress().hostAddress();
        if (trusted.isEmpty() || !isTrusted(peer)) {
            return peer;
        }
        List<String> hops = request.headers().getAll("X-Forwarded-For").stream()
                .flatMap(value -> Arrays.stream(value.split(",", -1)))
                .toList();
        String client = peer;
        for (int i = hops.size() - 1; i >= 0 && isTrusted(client); i--) {
            Optional<String> hop = normal(hops.get(i).trim());
            if (hop.isEmpty()) {
                break;
            }
            client = hop.get();
        }
        return client;
    }

    private boolean isTrusted(String address) {
        return AddressRange.address(address)
                .filter(bytes -> trusted.stream().anyMatch(range -> range.contains(bytes)))
                .isPresent();
    }

    /** An address as the JDK writes it, without the port that some proxies add; empty when it is none. */
    private static Optional<String> normal(String hop) {
        String host = hop;
        if (hop.startsWith("[")) {
            int end = hop.indexOf(']');
            host = end < 0 ? hop : hop.substring(1, end);
        } else if (hop.indexOf(':') >= 0 && hop.indexOf(':') == hop.lastIndexOf(':')) {
            host = hop.substring(0, hop.indexOf(':'));
        }
        return AddressRange.address(host).map(ClientAddress::text);
    }

    private static String text(byte[] address) {
        try {
            return InetAddress.getByAddress(address).getHostAddress();
        } catch (UnknownHostException e) {
            throw new IllegalStateException("four or sixteen bytes are an address", e);
        }
    }
}

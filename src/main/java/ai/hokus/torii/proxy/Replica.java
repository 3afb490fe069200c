package ai.hokus.torii.proxy;

import ai.hokus.torii.exchange.GatewayFailure;
import io.vertx.core.net.SocketAddress;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One server of MLflow's: its address, how many requests it has, and whether it answers. Safe for all event loops; its
 * state is changed by {@link Replicas} alone.
 */
final class Replica {

    private final URI url;
    private final Optional<InetAddress> address;
    private final String host;
    private final int port;
    private final SocketAddress server;
    private final String name;
    private final AtomicInteger requests = new AtomicInteger();

    private volatile boolean leftOut;
    private volatile boolean answers;
    private volatile GatewayFailure lastFailure;
    private int failures;

    /**
     * The server behind an address of the configuration.
     *
     * @param address the one of the addresses of its host that is meant; empty: whichever its host has when a connection
     *     is opened
     */
    Replica(URI url, Optional<InetAddress> address) {
        this.url = url;
        this.address = address;
        this.host = url.getHost();
        this.port = url.getPort() >= 0 ? url.getPort() : "https".equalsIgnoreCase(url.getScheme()) ? 443 : 80;
        this.server = SocketAddress.inetSocketAddress(
                port, address.map(InetAddress::getHostAddress).orElse(host));
        this.name = address.map(Replica::written).orElse(host) + ":" + port;
    }

    private static String written(InetAddress address) {
        return address instanceof Inet6Address ? "[" + address.getHostAddress() + "]" : address.getHostAddress();
    }

    boolean isAt(URI wanted, Optional<InetAddress> at) {
        return url.equals(wanted) && address.equals(at);
    }

    /** Where connections go; the name that TLS checks is {@link #host()}, whatever address it has. */
    SocketAddress server() {
        return server;
    }

    String host() {
        return host;
    }

    int port() {
        return port;
    }

    /** What the operator called it, as the Host field says it. */
    String authority() {
        return url.getRawAuthority();
    }

    /** Address and port, for logs and metrics. */
    String name() {
        return name;
    }

    /** A request is on its way to it; each is followed by one {@link #leave}. */
    void enter() {
        requests.incrementAndGet();
    }

    void leave() {
        requests.decrementAndGet();
    }

    /** How many requests it has. */
    int requests() {
        return requests.get();
    }

    /** Whether it gets no requests while there are others. */
    boolean isLeftOut() {
        return leftOut;
    }

    /** Whether it answered when it was last asked; false before it was asked. */
    boolean answers() {
        return answers;
    }

    /** Why it did not answer when it was last asked; empty when it did, or was not asked. */
    Optional<GatewayFailure> lastFailure() {
        return Optional.ofNullable(lastFailure);
    }

    /** It is the only one now. */
    void readmit() {
        failures = 0;
        lastFailure = null;
        leftOut = false;
    }

    /** Returns whether this brought it back. */
    boolean succeeded() {
        boolean wasLeftOut = leftOut;
        failures = 0;
        lastFailure = null;
        answers = true;
        leftOut = false;
        return wasLeftOut;
    }

    /** Returns whether this was one failure too many. */
    boolean failed(GatewayFailure failure, int limit) {
        boolean wasLeftOut = leftOut;
        failures++;
        lastFailure = failure;
        answers = false;
        leftOut = leftOut || failures >= limit;
        return leftOut && !wasLeftOut;
    }
}

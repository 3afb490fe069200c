package ai.hokus.torii.wire;

import io.netty.util.NetUtil;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * All addresses of a name, as Vert.x' own resolver finds them: hosts file, search domains, DNS, never blocking. Its
 * public face gives the first alone.
 */
public final class Names {

    private Names() {}

    /**
     * The addresses of a name: its A records, or its AAAA records when it has no others. An answer is remembered for its
     * time to live.
     *
     * @return at least one; a failed future when there is none, or nobody to ask
     */
    public static Future<List<InetAddress>> resolve(Vertx vertx, String name) {
        return ((VertxInternal) vertx)
                .nameResolver()
                .resolveAll(name)
                .map(found -> found.stream().map(InetSocketAddress::getAddress).toList());
    }

    /** Whether the host of a URI is an address itself. */
    public static boolean isAddress(String host) {
        return host.startsWith("[") || NetUtil.isValidIpV4Address(host);
    }
}

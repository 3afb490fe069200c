package ai.hokus.torii.tls;

import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientBuilder;
import io.vertx.core.http.HttpClientOptions;
import java.net.URI;
import java.util.List;
import java.util.regex.Pattern;

/** Clients of one server at an https address: what they believe and show follows its files. At any other address, nothing. */
public final class TlsClients {

    private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|\\[.*]|.*:.*");

    private final TlsWatch watch;
    private final boolean isTls;
    private final boolean isName;

    /** For a server at this address. */
    public TlsClients(URI url, TlsWatch watch) {
        this.watch = watch;
        this.isTls = "https".equalsIgnoreCase(url.getScheme());
        this.isName = !ADDRESS.matcher(url.getHost()).matches();
    }

    /** Whether they speak TLS. */
    public boolean isTls() {
        return isTls;
    }

    /** What a client's options have to say about it; the server is told the name that is meant (RFC 6066 §3). */
    public HttpClientOptions apply(HttpClientOptions options) {
        // Vert.x leaves out names without a dot, which are common within clusters; an address is no name.
        return options.setSsl(isTls).setVerifyHost(true).setForceSni(isTls && isName);
    }

    /** The same for the builder that has been given those options. */
    public HttpClientBuilder apply(HttpClientBuilder builder) {
        return isTls ? builder.with(Tls.client(watch.current())) : builder;
    }

    /**
     * Lets these clients make new connections by what is in force; those that are open stay.
     *
     * @return running it ends that
     */
    public Runnable follow(List<HttpClientAgent> clients) {
        return isTls
                ? watch.onRenewed(material -> clients.forEach(client -> client.updateSSLOptions(Tls.client(material))))
                : () -> {};
    }
}

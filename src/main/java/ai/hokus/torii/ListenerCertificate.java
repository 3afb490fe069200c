package ai.hokus.torii;

import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.ListenerTls;
import ai.hokus.torii.config.Problem;
import ai.hokus.torii.telemetry.HandshakeLog;
import ai.hokus.torii.telemetry.Meters;
import ai.hokus.torii.tls.PemException;
import ai.hokus.torii.tls.Tls;
import ai.hokus.torii.tls.TlsMaterial;
import ai.hokus.torii.tls.TlsWatch;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.ServerSSLOptions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The certificate that the api listener shows, and what it asks of callers', as long as the process runs. */
final class ListenerCertificate {

    private final ListenerTls config;
    private final TlsWatch watch;
    private final HandshakeLog handshakes;

    private ListenerCertificate(ListenerTls config, TlsWatch watch, HandshakeLog handshakes) {
        this.config = config;
        this.watch = watch;
        this.handshakes = handshakes;
    }

    /**
     * Reads the files.
     *
     * @return empty without TLS; fails with an {@link InvalidConfigException} when they have changed for the worse since
     *     the configuration was read
     */
    static Future<Optional<ListenerCertificate>> open(Vertx vertx, Optional<ListenerTls> config, Meters meters) {
        return config.map(tls -> TlsEnds.open(vertx, TlsEnds.LISTENER, tls.files(), tls.reloadInterval(), meters)
                        .map(watch -> Optional.of(new ListenerCertificate(tls, watch, new HandshakeLog(meters))))
                        .recover(ListenerCertificate::changedSinceItWasRead))
                .orElseGet(() -> Future.succeededFuture(Optional.empty()));
    }

    private static <T> Future<T> changedSinceItWasRead(Throwable cause) {
        if (cause instanceof PemException pem) {
            String setting = switch (pem.part()) {
                case CERTIFICATE -> "listener.tls.cert-path";
                case KEY -> "listener.tls.key-path";
                case AUTHORITIES -> "listener.tls.client-ca-path";
            };
            return Future.failedFuture(new InvalidConfigException(List.of(new Problem(setting, pem.getMessage()))));
        }
        return Future.failedFuture(cause);
    }

    /** What a server begins with. */
    ServerSSLOptions options() {
        return options(watch.current());
    }

    /** What a server is to tell of what keeps callers from getting a connection. */
    Handler<Throwable> handshakes() {
        return handshakes;
    }

    private ServerSSLOptions options(TlsMaterial material) {
        return Tls.server(material)
                .setClientAuth(
                        switch (config.clientAuth()) {
                            case NONE -> ClientAuth.NONE;
                            case REQUEST -> ClientAuth.REQUEST;
                            case REQUIRE -> ClientAuth.REQUIRED;
                        })
                .setSslHandshakeTimeout(config.handshakeTimeout().toMillis())
                .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
    }

    /**
     * Lets a listening server follow; connections that are open stay as they are. Servers that share a port share this
     * too, so that one of them would do, but each is told, as any of them may be the last.
     *
     * @return running it ends that
     */
    Runnable follow(HttpServer server) {
        // It may have been renewed since the server was made.
        server.updateSSLOptions(options());
        return watch.onRenewed(material -> server.updateSSLOptions(options(material)));
    }

    void close() {
        watch.close();
    }
}

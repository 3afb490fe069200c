package ai.hokus.torii;

import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.ListenerTls;
import ai.hokus.torii.config.Problem;
import ai.hokus.torii.tls.PemException;
import ai.hokus.torii.tls.Tls;
import ai.hokus.torii.tls.TlsMaterial;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.ServerSSLOptions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The certificate that the api listener shows, and what it asks of callers'. */
final class ListenerCertificate {

    private final ListenerTls config;
    private final TlsMaterial material;

    private ListenerCertificate(ListenerTls config, TlsMaterial material) {
        this.config = config;
        this.material = material;
    }

    /** Reads the files; empty without TLS. */
    static Future<Optional<ListenerCertificate>> open(Vertx vertx, Optional<ListenerTls> config) {
        return config.map(tls -> vertx.executeBlocking(() -> TlsMaterial.read(tls.files()))
                        .map(material -> Optional.of(new ListenerCertificate(tls, material)))
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

    /** What a server is given. */
    ServerSSLOptions options() {
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
}

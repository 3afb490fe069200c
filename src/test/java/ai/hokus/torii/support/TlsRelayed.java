package ai.hokus.torii.support;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.net.PemTrustOptions;
import java.io.IOException;
import java.nio.file.Path;

/** A gateway with one known key that speaks TLS and HTTP/2, in front of an MLflow made of bytes; closes both. */
public final class TlsRelayed implements AutoCloseable {

    private final TestAuthority authority;
    private final RawServer mlflow;
    private final TestGateway gateway;

    private TlsRelayed(TestAuthority authority, RawServer mlflow, TestGateway gateway) {
        this.authority = authority;
        this.mlflow = mlflow;
        this.gateway = gateway;
    }

    /** The script runs once a connection; then names and values of settings. */
    public static TlsRelayed to(Vertx vertx, Path folder, RawMlflow.Script script, String... settings)
            throws Exception {
        TestAuthority authority = TestAuthority.make(folder, "authority");
        TestAuthority.Issued server = authority.issue("server");
        String[] all = new String[settings.length + 6];
        System.arraycopy(settings, 0, all, 6, settings.length);
        all[0] = "TORII_LISTENER_TLS_CERT_PATH";
        all[1] = server.certificate().toString();
        all[2] = "TORII_LISTENER_TLS_KEY_PATH";
        all[3] = server.key().toString();
        all[4] = "TORII_LISTENER_HTTP2";
        all[5] = "true";
        RawServer mlflow = RawMlflow.start(script);
        return new TlsRelayed(authority, mlflow, TestGateway.start(vertx, mlflow.url(), Relayed.KEY, all));
    }

    public TestGateway gateway() {
        return gateway;
    }

    /** A new HTTP/2 connection to it. */
    public FrameClient frames() throws Exception {
        return FrameClient.connect(gateway.port(), authority.context());
    }

    /** One that has agreed on a version and said nothing yet. */
    public FrameClient silent() throws Exception {
        return FrameClient.silent(gateway.port(), authority.context());
    }

    /** A new HTTP/1.1 connection to it. */
    public RawClient raw() throws Exception {
        return RawClient.tls(gateway.port(), authority.context());
    }

    /** A client that speaks this version and no other. */
    public HttpClient client(Vertx vertx, HttpVersion version) {
        return vertx.createHttpClient(
                new HttpClientOptions()
                        .setSsl(true)
                        .setUseAlpn(version == HttpVersion.HTTP_2)
                        .setProtocolVersion(version)
                        .setDefaultHost("localhost")
                        .setDefaultPort(gateway.port())
                        .setTrustOptions(new PemTrustOptions()
                                .addCertPath(authority.certificate().toString())),
                new PoolOptions().setHttp1MaxSize(20).setHttp2MaxSize(1));
    }

    @Override
    public void close() throws IOException {
        try {
            gateway.stop();
        } catch (Exception e) {
            throw new AssertionError("the gateway did not stop", e);
        } finally {
            mlflow.close();
        }
    }
}

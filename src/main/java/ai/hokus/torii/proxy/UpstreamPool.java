package ai.hokus.torii.proxy;

import ai.hokus.torii.config.ForwardConfig;
import ai.hokus.torii.config.MlflowConfig;
import ai.hokus.torii.wire.UpstreamWire;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientConnection;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpConnectOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.net.URI;
import java.util.concurrent.atomic.LongAdder;

/**
 * The kept-alive connections of one event loop to MLflow.
 *
 * <p>Made and used on that event loop, so that a request never changes threads; the verticle closes it. Idle connections
 * are dropped before uvicorn drops them (it does after 5 s, MLflow 3.17's default).
 */
public final class UpstreamPool {

    private static final int MAX_HEAD_BYTES = 64 * 1024;
    private static final int CHUNK_BYTES = 64 * 1024;

    private final HttpClientAgent client;
    private final HttpClientAgent freshClient;
    private final ConnectionStack stack;
    private final LongAdder open;
    private final String prefix;
    private final String host;
    private final int port;
    private final long waitMillis;

    /**
     * Opens no connection yet.
     *
     * @param open the number of open connections, over all pools that are given it
     */
    public UpstreamPool(Vertx vertx, MlflowConfig mlflow, ForwardConfig forward, LongAdder open) {
        URI url = mlflow.url();
        boolean tls = "https".equalsIgnoreCase(url.getScheme());
        HttpClientOptions options = new HttpClientOptions()
                .setSsl(tls)
                .setVerifyHost(true)
                .setConnectTimeout(Math.toIntExact(forward.connectTimeout().toMillis()))
                .setKeepAlive(true)
                .setKeepAliveTimeout(Math.toIntExact(forward.keepAlive().toSeconds()))
                .setPipelining(false)
                .setMaxChunkSize(CHUNK_BYTES)
                .setMaxHeaderSize(MAX_HEAD_BYTES)
                .setDecompressionSupported(false)
                .setTcpKeepAlive(true)
                .setTcpNoDelay(true);
        mlflow.caBundle()
                .ifPresent(bundle -> options.setTrustOptions(new PemTrustOptions().addCertPath(bundle.toString())));
        mlflow.clientCertificate()
                .ifPresent(own -> options.setKeyCertOptions(new PemKeyCertOptions()
                        .addCertPath(own.certificate().toString())
                        .addKeyPath(own.key().toString())));
        PoolOptions size =
                new PoolOptions().setHttp1MaxSize(forward.connections()).setMaxWaitQueueSize(forward.queue());
        this.open = open;
        this.client = client(vertx, options, size, open);
        this.freshClient = client(vertx, new HttpClientOptions(options).setKeepAlive(false), size, open);
        this.prefix = prefix(url);
        this.host = url.getHost();
        this.port = url.getPort() >= 0 ? url.getPort() : tls ? 443 : 80;
        this.waitMillis = forward.poolWait().toMillis();
        this.stack = new ConnectionStack(vertx, forward, this::connect);
    }

    private Future<HttpClientConnection> connect() {
        return client.connect(new HttpConnectOptions().setHost(host).setPort(port))
                .map(connection -> {
                    accept(connection, open);
                    return connection;
                });
    }

    private static HttpClientAgent client(Vertx vertx, HttpClientOptions options, PoolOptions size, LongAdder open) {
        return vertx.httpClientBuilder()
                .with(options)
                .with(size)
                .withConnectHandler(connection -> accept(connection, open))
                .build();
    }

    private static void accept(HttpConnection connection, LongAdder open) {
        UpstreamWire.install(connection, MAX_HEAD_BYTES, CHUNK_BYTES).onClose(open::decrement);
        // Without a handler a reset connection is logged as an error; the exchange on it notices by itself.
        connection.exceptionHandler(cause -> {});
        open.increment();
    }

    /** The static prefix in an address, without a slash at its end. */
    static String prefix(URI url) {
        String path = url.getRawPath() == null ? "" : url.getRawPath();
        return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    /**
     * A connection for one request. It is given back behind the whole exchange, or closed, else it is lost.
     *
     * @return fails when none is had in time, with what {@link UpstreamFault#connecting} reads
     */
    Future<HttpClientRequest> request(HttpMethod method, String target) {
        return stack.take()
                .compose(connection -> connection
                        .request(new RequestOptions().setMethod(method).setURI(prefix + target))
                        .onFailure(cause -> connection.close()));
    }

    /** Takes the connection of a request back: its exchange is over, whole, or has not begun. */
    void giveBack(HttpClientRequest request) {
        stack.giveBack((HttpClientConnection) request.connection());
    }

    /** The same on a connection that has never carried another request, and never will. */
    Future<HttpClientRequest> requestOnFreshConnection(HttpMethod method, String target) {
        return freshClient.request(options(method, target));
    }

    /** Where a request goes, and how long it may wait for a connection. */
    RequestOptions options(HttpMethod method, String target) {
        return new RequestOptions()
                .setMethod(method)
                .setHost(host)
                .setPort(port)
                .setURI(prefix + target)
                .setConnectTimeout(waitMillis);
    }

    /** MLflow's address, for the operator's log. */
    String address() {
        return host + ":" + port;
    }

    HttpClientAgent client() {
        return client;
    }

    /** Closes all connections, in use or not. */
    public Future<Void> close() {
        return stack.close().eventually(client::close).eventually(freshClient::close);
    }
}

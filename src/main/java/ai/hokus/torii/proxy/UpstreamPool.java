package ai.hokus.torii.proxy;

import ai.hokus.torii.config.ForwardConfig;
import ai.hokus.torii.config.MlflowConfig;
import ai.hokus.torii.tls.TlsClients;
import ai.hokus.torii.tls.TlsWatch;
import ai.hokus.torii.wire.UpstreamWire;
import io.vertx.core.AsyncResult;
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
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The kept-alive connections of one event loop to MLflow.
 *
 * <p>Made and used on that event loop, so that a request never changes threads; the verticle closes it. Idle connections
 * are dropped before uvicorn drops them (it does after 5 s, MLflow 3.17's default).
 */
public final class UpstreamPool {

    private static final int MAX_HEAD_BYTES = 64 * 1024;
    private static final int CHUNK_BYTES = 64 * 1024;
    private static final long SWEEP_MILLIS = 1000;

    private final Vertx vertx;
    private final ForwardConfig forward;
    private final Replicas replicas;
    private final HttpClientAgent client;
    private final HttpClientAgent freshClient;
    private final Map<Replica, ConnectionStack> stacks = new HashMap<>();
    private final Set<ConnectionStack> retired = new HashSet<>();
    private final Occupancy occupancy;
    private final Runnable unfollow;
    private final String prefix;
    private final long sweep;
    private int turn;
    private boolean isClosed;

    /**
     * Opens no connection yet.
     *
     * @param upstream where to; shared with the pools of other event loops
     * @param occupancy where its connections and those who wait for one are counted
     */
    public UpstreamPool(
            Vertx vertx, MlflowConfig mlflow, ForwardConfig forward, Upstream upstream, Occupancy occupancy) {
        this.vertx = vertx;
        this.forward = forward;
        this.replicas = upstream.replicas();
        TlsClients clients = new TlsClients(mlflow.url(), upstream.tls());
        HttpClientOptions options = clients.apply(options(forward));
        PoolOptions size =
                new PoolOptions().setHttp1MaxSize(forward.connections()).setMaxWaitQueueSize(forward.queue());
        this.occupancy = occupancy;
        this.client = client(vertx, options, size, clients);
        this.freshClient = client(vertx, new HttpClientOptions(options).setKeepAlive(false), size, clients);
        this.unfollow = clients.follow(List.of(client, freshClient));
        this.prefix = prefix(mlflow.url());
        this.sweep = vertx.setPeriodic(SWEEP_MILLIS, id -> retireUnnamed());
    }

    /** To one MLflow that nobody watches. */
    UpstreamPool(Vertx vertx, MlflowConfig mlflow, ForwardConfig forward, Occupancy occupancy) {
        this(vertx, mlflow, forward, new Upstream(new Replicas(mlflow, why -> {}), TlsWatch.NONE), occupancy);
    }

    private static HttpClientOptions options(ForwardConfig forward) {
        return new HttpClientOptions()
                .setConnectTimeout(Math.toIntExact(forward.connectTimeout().toMillis()))
                .setKeepAlive(true)
                .setKeepAliveTimeout(Math.toIntExact(forward.keepAlive().toSeconds()))
                .setPipelining(false)
                .setMaxChunkSize(CHUNK_BYTES)
                .setMaxHeaderSize(MAX_HEAD_BYTES)
                .setDecompressionSupported(false)
                .setTcpKeepAlive(true)
                .setTcpNoDelay(true);
    }

    private Future<HttpClientConnection> connect(Replica replica) {
        // The name is what TLS checks and asks for, the server where the packets go.
        return client.connect(new HttpConnectOptions()
                        .setServer(replica.server())
                        .setHost(replica.host())
                        .setPort(replica.port()))
                .map(connection -> {
                    accept(connection, occupancy.open());
                    return connection;
                });
    }

    private HttpClientAgent client(Vertx vertx, HttpClientOptions options, PoolOptions size, TlsClients clients) {
        return clients.apply(vertx.httpClientBuilder().with(options))
                .with(size)
                .withConnectHandler(connection -> accept(connection, occupancy.open()))
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
     * A connection for one request, to the replica that has the fewest. When it cannot be opened, or no more may wait for
     * one, another replica is tried while there is time: nothing was sent yet.
     *
     * @return fails when none is had in time, with what {@link UpstreamFault#connecting} reads
     */
    Future<Lease> request(HttpMethod method, String target) {
        return lease(replicas.choose(turn++, List.of()), (replica, wait) -> pooled(replica, method, target, wait));
    }

    /**
     * The same on a connection that has never carried another request, and never will; to another replica than this, if
     * another gets requests.
     */
    Future<Lease> requestOnFreshConnection(HttpMethod method, String target, Replica not) {
        Replica replica = replicas.other(turn++, not);
        if (replica != not) {
            replicas.failedOver("died");
        }
        return lease(replica, (next, wait) -> fresh(next, method, target));
    }

    private Future<Lease> lease(Replica replica, Failover.Ask ask) {
        Future<Lease> first = ask.ask(replica, forward.poolWait());
        return first.succeeded() || !replicas.areSeveral() ? first : new Failover(this, ask).behind(replica, first);
    }

    private Future<Lease> pooled(Replica replica, HttpMethod method, String target, Duration wait) {
        ConnectionStack stack = stacks.computeIfAbsent(replica, this::stack);
        RequestOptions options = new RequestOptions().setMethod(method).setURI(prefix + target);
        replica.enter();
        return stack.take(wait)
                .compose(connection -> connection.request(options).onFailure(cause -> connection.close()))
                .transform(asked -> lease(asked, replica, stack));
    }

    private Future<Lease> fresh(Replica replica, HttpMethod method, String target) {
        replica.enter();
        return freshClient.request(options(replica, method, target)).transform(asked -> lease(asked, replica, null));
    }

    private static Future<Lease> lease(AsyncResult<HttpClientRequest> asked, Replica replica, ConnectionStack stack) {
        if (asked.failed()) {
            replica.leave();
            return Future.failedFuture(asked.cause());
        }
        return Future.succeededFuture(new Lease(asked.result(), replica, stack));
    }

    private ConnectionStack stack(Replica replica) {
        ConnectionStack stack = new ConnectionStack(vertx, forward, occupancy.waiting(), () -> connect(replica));
        if (isClosed) {
            stack.close();
        }
        return stack;
    }

    /** Where a request goes, and how long it may wait for a connection. */
    RequestOptions options(Replica replica, HttpMethod method, String target) {
        return new RequestOptions()
                .setMethod(method)
                .setServer(replica.server())
                .setHost(replica.host())
                .setPort(replica.port())
                .setURI(prefix + target)
                .setConnectTimeout(forward.poolWait().toMillis());
    }

    /** MLflow's address, or addresses, for the operator's log. */
    String address() {
        return replicas.all().stream().map(Replica::name).collect(Collectors.joining(", "));
    }

    Replicas replicas() {
        return replicas;
    }

    /** The replica for the next request, if possible none of these. */
    Replica choose(List<Replica> tried) {
        return replicas.choose(turn++, tried);
    }

    /** Whether another than this gets requests. */
    boolean hasOther(Replica than) {
        return replicas.areSeveral() && replicas.other(turn, than) != than;
    }

    /** How long a request may wait for a connection. */
    Duration patience() {
        return forward.poolWait();
    }

    HttpClientAgent client() {
        return client;
    }

    private void retireUnnamed() {
        List<Replica> named = replicas.all();
        for (Replica gone : List.copyOf(stacks.keySet())) {
            if (!named.contains(gone)) {
                ConnectionStack stack = stacks.remove(gone);
                retired.add(stack);
                stack.closeWhenIdle().onComplete(v -> retired.remove(stack));
            }
        }
    }

    /** Closes all connections, in use or not. */
    public Future<Void> close() {
        unfollow.run();
        isClosed = true;
        vertx.cancelTimer(sweep);
        return Future.join(Stream.concat(stacks.values().stream(), Set.copyOf(retired).stream())
                        .map(ConnectionStack::close)
                        .toList())
                .eventually(client::close)
                .eventually(freshClient::close)
                .mapEmpty();
    }
}

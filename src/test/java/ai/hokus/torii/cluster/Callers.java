package ai.hokus.torii.cluster;

import ai.hokus.torii.support.StubAuthService;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetClient;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Callers of all kinds at a steady pace, who take every answer as it comes: most hold good keys, some bad ones, some may
 * less than they want, one asks too often, some are new, and some upload without saying how much.
 */
final class Callers implements AutoCloseable {

    private static final int MILLIS_BETWEEN = 20;
    private static final int PAUSE_MILLIS = 1500;
    private static final int WRITERS = 8;
    private static final int CROWD = 100;
    private static final String API = "/api/mlflow/api/2.0/mlflow";
    private static final String ARTIFACTS = "/api/mlflow/api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/model/";
    private static final Buffer PIECE = Buffer.buffer(new byte[50_000]);

    private final Vertx vertx;
    private final StubAuthService auth;
    private final List<Integer> ports;
    private final int tlsPort;
    private final HttpClientAgent client;
    private final NetClient plain;
    private final long timer;
    private int number;

    /** Starts; all go to these ports in turn, to {@code tlsPort} by TLS. */
    Callers(Vertx vertx, StubAuthService auth, List<Integer> ports, int tlsPort) {
        this.vertx = vertx;
        this.auth = auth;
        this.ports = ports;
        this.tlsPort = tlsPort;
        for (int i = 0; i < WRITERS; i++) {
            know("writer" + i, new JsonObject().put("scopes", List.of("mlflow:write")));
        }
        know("reader", new JsonObject().put("scopes", List.of("mlflow:read")));
        know("eager", new JsonObject().put("scopes", List.of("mlflow:read")).put("rate_limit_per_hour", 10));
        client = vertx.createHttpClient(
                new HttpClientOptions().setTrustAll(true).setVerifyHost(false).setConnectTimeout(1000),
                new PoolOptions().setHttp1MaxSize(100));
        plain = vertx.createNetClient();
        timer = vertx.setPeriodic(MILLIS_BETWEEN, id -> next());
    }

    private static String key(String name) {
        return "hk_live_" + (name + "0".repeat(32)).substring(0, 32);
    }

    private void know(String name, JsonObject verdict) {
        auth.knowing(
                key(name),
                verdict.put("is_valid", true).put("key_id", "id-" + name).put("user_id", "user-" + name));
    }

    /** One call in turn out of 25, so that each kind comes twice a second. */
    private void next() {
        int n = number++;
        String writer = "writer" + n % WRITERS;
        switch (n % 25) {
            case 3 -> call(n, HttpMethod.GET, API + "/experiments/search?max_results=5", "nobody" + n % 3, 0, true);
            case 5 -> call(n, HttpMethod.POST, API + "/registered-models/create", "reader", 1, true);
            case 7 -> call(n, HttpMethod.GET, API + "/experiments/search", "eager", 0, true);
            case 9 -> call(n, HttpMethod.GET, "/nowhere", writer, 0, true);
            case 11 -> call(n, HttpMethod.PUT, ARTIFACTS + "with-length.bin", writer, 2, true);
            case 13 -> call(n, HttpMethod.PUT, ARTIFACTS + "without-length.bin", writer, 4, false);
            case 15, 16 -> call(n, HttpMethod.GET, ARTIFACTS + "model.pkl", writer, 0, true);
            case 17 -> callByNewcomer(n);
            case 19 -> speakClearText();
            case 20, 21 -> call(n, HttpMethod.POST, API + "/runs/log-metric", writer, 1, true);
            case 22 -> call(n, HttpMethod.POST, API + "/model-versions/create", writer, 1, true);
            default -> call(n, HttpMethod.GET, API + "/registered-models/search", writer, 0, true);
        }
    }

    private void callByNewcomer(int n) {
        String name = "newcomer" + n;
        know(name, new JsonObject().put("scopes", List.of("mlflow:read")));
        call(n, HttpMethod.GET, API + "/experiments/get?experiment_id=0", name, 0, true);
    }

    private void call(int n, HttpMethod method, String uri, String caller, int pieces, boolean withLength) {
        int port = ports.get(n / 25 % ports.size());
        client.request(new RequestOptions()
                        .setMethod(method)
                        .setHost("127.0.0.1")
                        .setPort(port)
                        .setSsl(port == tlsPort)
                        .setURI(uri)
                        .setTimeout(20_000)
                        .putHeader("Authorization", "Bearer " + key(caller)))
                .compose(request -> send(request, pieces, withLength)
                        .compose(sent -> request.response())
                        .compose(response -> response.end()));
    }

    private Future<Void> send(HttpClientRequest request, int pieces, boolean withLength) {
        request.exceptionHandler(cut -> {});
        if (pieces == 0) {
            return request.end();
        }
        if (withLength) {
            request.putHeader("Content-Length", String.valueOf(pieces * PIECE.length()));
        } else {
            request.setChunked(true);
        }
        for (int i = 1; i < pieces; i++) {
            request.write(PIECE);
        }
        // Who does not know how much there is has not got all of it yet.
        return withLength
                ? request.end(PIECE)
                : vertx.timer(PAUSE_MILLIS, TimeUnit.MILLISECONDS).compose(id -> request.end(PIECE));
    }

    /** One who does not know that this port speaks TLS. */
    private void speakClearText() {
        plain.connect(tlsPort, "127.0.0.1").onSuccess(socket -> {
            socket.exceptionHandler(reset -> socket.close());
            socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        });
    }

    /** More connections to this port than it takes, which say nothing. */
    void crowd(int port) {
        for (int i = 0; i < CROWD; i++) {
            plain.connect(port, "127.0.0.1").onSuccess(socket -> socket.exceptionHandler(reset -> socket.close()));
        }
    }

    @Override
    public void close() {
        vertx.cancelTimer(timer);
        plain.close();
        client.close();
    }
}

package ai.hokus.torii.cli;

import ai.hokus.torii.Gateway;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.util.List;
import java.util.stream.IntStream;

/** The calls of a rehearsal: what callers and operators commonly ask of a gateway, and what each must be answered. */
final class Rehearsal {

    private static final int CALLERS = 8;
    private static final int ROUNDS = 100;
    private static final int LARGE = 1024 * 1024;
    private static final String BAD_KEY = "rehearsal-nobody-abcdefghijklmnopqrstuvwxyz";
    private static final String RUNS = "/api/mlflow/api/2.0/mlflow/runs/";
    private static final String ARTIFACT = "/api/2.0/mlflow-artifacts/artifacts/1/2/artifacts/model.bin";
    private static final String SEARCH = "/api/mlflow/api/2.0/mlflow/experiments/search?max_results=1";
    private static final Buffer METRIC = Buffer.buffer("{\"run_id\":\"1\",\"key\":\"loss\",\"value\":0.5}");

    private final HttpClientAgent client;
    private final Gateway gateway;

    /** Of a gateway that has the rehearsal's peers behind it. */
    Rehearsal(Vertx vertx, Gateway gateway) {
        this.client = vertx.createHttpClient();
        this.gateway = gateway;
    }

    /** One request, and the status it must get; a null key sends none. */
    private record Call(HttpMethod method, String path, String key, Buffer body, int expected) {

        static Call get(String path, String key, int expected) {
            return new Call(HttpMethod.GET, path, key, Buffer.buffer(), expected);
        }
    }

    private static List<Call> calls() {
        return List.of(
                Call.get(SEARCH, RehearsalPeers.READERS_KEY, 200),
                new Call(HttpMethod.POST, RUNS + "log-metric", RehearsalPeers.WRITERS_KEY, METRIC, 200),
                Call.get("/api/2.0/mlflow/runs/get?run_id=1", RehearsalPeers.READERS_KEY, 200),
                Call.get(ARTIFACT, RehearsalPeers.READERS_KEY, 200),
                Call.get(SEARCH, null, 401),
                Call.get(SEARCH, BAD_KEY, 401),
                new Call(HttpMethod.POST, RUNS + "log-metric", RehearsalPeers.READERS_KEY, METRIC, 403),
                Call.get(RUNS + "get?run_id=" + RehearsalPeers.ABSENT_RUN, RehearsalPeers.READERS_KEY, 404));
    }

    /** Makes all calls; fails with the first that is not answered as it must be. */
    Future<Void> run() {
        return Future.all(IntStream.range(0, CALLERS)
                        .mapToObj(caller -> rounds(0))
                        .toList())
                .compose(v -> api(new Call(
                        HttpMethod.PUT, ARTIFACT, RehearsalPeers.WRITERS_KEY, Buffer.buffer(new byte[LARGE]), 200)))
                .compose(v -> operator("/live"))
                .compose(v -> operator("/ready"))
                .compose(v -> operator("/metrics"));
    }

    private Future<Void> rounds(int done) {
        if (done == ROUNDS) {
            return Future.succeededFuture();
        }
        Future<Void> round = Future.succeededFuture();
        for (Call call : calls()) {
            round = round.compose(v -> api(call));
        }
        return round.compose(v -> rounds(done + 1));
    }

    private Future<Void> api(Call call) {
        return send(gateway.apiPort(), call);
    }

    private Future<Void> operator(String path) {
        return send(gateway.managementPort(), Call.get(path, null, 200));
    }

    private Future<Void> send(int port, Call call) {
        RequestOptions target = new RequestOptions()
                .setMethod(call.method())
                .setHost("127.0.0.1")
                .setPort(port)
                .setURI(call.path());
        if (call.key() != null) {
            target.putHeader(HttpHeaders.AUTHORIZATION, "Bearer " + call.key());
        }
        return client.request(target)
                .compose(request -> status(request, call.body()))
                .compose(status -> status == call.expected()
                        ? Future.succeededFuture()
                        : Future.failedFuture(call.method() + " " + call.path() + " must be answered " + call.expected()
                                + ", but was " + status));
    }

    private static Future<Integer> status(HttpClientRequest request, Buffer body) {
        return (body.length() == 0 ? request.send() : request.send(body))
                .compose(response -> response.end().map(response.statusCode()));
    }
}

package ai.hokus.torii.proxy;

import ai.hokus.torii.config.MlflowConfig;
import ai.hokus.torii.config.PeerTls;
import ai.hokus.torii.exchange.HeadRules;
import ai.hokus.torii.exchange.RequestHead;
import ai.hokus.torii.exchange.TraceContext;
import ai.hokus.torii.identity.Principal;
import ai.hokus.torii.tls.PemFiles;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the header rules cost for what MLflow's Python client sends and MLflow answers, the map that is filled included,
 * the reading off the wire not.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class HeaderRulesBench {

    private static final String TARGET = "/api/mlflow/api/2.0/mlflow/runs/log-batch";

    private final MultiMap sent = HttpHeaders.headers()
            .add("Host", "torii.example:8080")
            .add("User-Agent", "mlflow-python-client/3.17.2")
            .add("Accept-Encoding", "gzip, deflate")
            .add("Accept", "*/*")
            .add("Connection", "keep-alive")
            .add("Content-Type", "application/json")
            .add("Content-Length", "214")
            .add("Authorization", "Bearer hk_test_TestOnlyTestOnlyTestOnly123456");
    private final MultiMap answered = HttpHeaders.headers()
            .add("date", "Sun, 22 Nov 2026 00:00:00 GMT")
            .add("server", "uvicorn")
            .add("content-length", "2")
            .add("content-type", "application/json");

    private final MlflowConfig config = new MlflowConfig(
            new MlflowConfig.Upstreams(
                    List.of(URI.create("http://127.0.0.1:5000")), Duration.ofSeconds(5), Duration.ofSeconds(2), 2),
            Optional.empty(),
            true,
            Optional.empty(),
            new PeerTls(PemFiles.NONE, Duration.ofSeconds(10)));
    private final RequestHeaders requestRules = new RequestHeaders(config);
    private final ResponseHeaders responseRules = new ResponseHeaders(config);
    private final Passage passage = new Passage(
            head(),
            false,
            "10.0.0.9",
            "0123456789abcdef0123456789abcdef",
            new TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""),
            Optional.of(new Principal(
                    "key-1",
                    "ada",
                    Set.of("model:read", "model:write", "mlflow:delete"),
                    Set.of("member"),
                    OptionalLong.empty(),
                    Optional.empty())),
            "127.0.0.1:5000",
            "/api/mlflow");

    private RequestHead head() {
        return new RequestHead(HttpVersion.HTTP_1_1, HttpMethod.POST, TARGET, sent);
    }

    /** What Connection names, and whether the head is one that nobody could read otherwise. */
    @Benchmark
    public RequestHead checkHead() {
        RequestHead head = head();
        HeadRules.check(head);
        return head;
    }

    /** The caller's fields become MLflow's. */
    @Benchmark
    public MultiMap copyRequest() {
        MultiMap to = HttpHeaders.headers();
        requestRules.copy(passage, sent, to);
        return to;
    }

    /** MLflow's fields become the answer's. */
    @Benchmark
    public MultiMap copyAnswer() {
        MultiMap to = HttpHeaders.headers();
        responseRules.copy(passage, answered, to);
        return to;
    }
}

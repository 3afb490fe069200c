package ai.hokus.torii.auth;

import ai.hokus.torii.auth.KeyValidator.Answer;
import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.identity.ApiKey;
import ai.hokus.torii.identity.Principal;
import com.github.benmanes.caffeine.cache.Ticker;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
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
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs to find the key in a request, to hash it and to find its verdict among ten thousand remembered ones. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class KeyLookUpBench {

    private static final int REMEMBERED = 10_000;
    private static final String KEY = "hk_test_TestOnlyTestOnlyTestOnly";
    private static final String CLIENT_IP = "10.0.0.9";
    private static final Duration HOUR = Duration.ofHours(1);

    private final MultiMap bearer = HttpHeaders.headers()
            .add("Host", "torii.example:8080")
            .add("User-Agent", "mlflow-python-client/3.17.2")
            .add("Accept-Encoding", "gzip, deflate")
            .add("Accept", "*/*")
            .add("Connection", "keep-alive")
            .add("Content-Type", "application/json")
            .add("Content-Length", "214")
            .add("Authorization", "Bearer " + key(0));
    private final MultiMap basic = HttpHeaders.headers()
            .addAll(bearer)
            .set(
                    "Authorization",
                    "Basic "
                            + Base64.getEncoder()
                                    .encodeToString(("ada:" + key(0)).getBytes(StandardCharsets.US_ASCII)));
    private final KeyHasher hasher = KeyHasher.create(true);
    private final Inquiry inquiry = new Inquiry(Credentials.find(bearer), CLIENT_IP, true);
    private CachingKeyValidator validator;

    private static String key(int number) {
        return KEY + (100_000 + number);
    }

    /** Every key is asked about once; the time they are remembered for is longer than any run. */
    @Setup
    public void remember() {
        VerdictMemory memory = new VerdictMemory(
                new AuthConfig.Cache(HOUR, HOUR, HOUR, HOUR, 100_000, 20_000),
                Duration.ofSeconds(7),
                Ticker.systemTicker(),
                Clock.systemUTC());
        LookUpGate gate = new LookUpGate(
                new AuthConfig.Breaker(10, Duration.ofSeconds(10), 50, Duration.ofSeconds(2), Duration.ofSeconds(5)),
                new AuthConfig.UnknownKeys(0, 1, 1),
                Ticker.systemTicker());
        validator = new CachingKeyValidator(
                KeyLookUpBench::accept, new CachingKeyValidator.Shared(memory, gate, hasher, outcome -> {}));
        for (int i = 0; i < REMEMBERED; i++) {
            validator.validate(new Inquiry(ApiKey.parse(key(i)).orElseThrow(), CLIENT_IP, true));
        }
        if (validator.validate(inquiry).result().source() != VerdictSource.CACHE) {
            throw new IllegalStateException("the verdict is not remembered");
        }
    }

    private static Future<Answer> accept(Inquiry inquiry) {
        Principal ada = new Principal(
                "key-1",
                "ada",
                Set.of("model:read", "model:write", "mlflow:delete"),
                Set.of("member"),
                OptionalLong.empty(),
                Optional.empty());
        return Future.succeededFuture(new Answer(new Accepted(ada), VerdictSource.CALL));
    }

    /** The key in {@code Authorization: Bearer}. */
    @Benchmark
    public ApiKey findBearer() {
        return Credentials.find(bearer);
    }

    /** The key in {@code Authorization: Basic}. */
    @Benchmark
    public ApiKey findBasic() {
        return Credentials.find(basic);
    }

    /** HMAC of key and address. */
    @Benchmark
    public Object hash() {
        return hasher.hash(inquiry);
    }

    /** The same and the look-up. */
    @Benchmark
    public Future<Answer> hashAndLookUp() {
        return validator.validate(inquiry);
    }
}

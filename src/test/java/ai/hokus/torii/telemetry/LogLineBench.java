package ai.hokus.torii.telemetry;

import ai.hokus.torii.config.LogConfig.Format;
import ai.hokus.torii.exchange.Decision;
import ai.hokus.torii.exchange.KeyCheck;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.identity.Principal;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
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

/** What an access line costs the log's thread, from the event to its bytes, in either format. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class LogLineBench {

    private static final AccessLine LINE = new AccessLine(
            "0123456789abcdef0123456789abcdef",
            "0af7651916cd43dd8448eb211c80319c",
            "10.0.0.9",
            "10.0.0.9",
            "POST",
            "/api/mlflow/api/2.0/mlflow/runs/log-batch",
            new Operation("logBatch", "runs", Access.WRITE, false, false, ""),
            new Decision("catalogue", "write access", Optional.empty(), true),
            200,
            "ok",
            null,
            null,
            new Principal("key-1", "ada", Set.of(), Set.of(), OptionalLong.empty(), Optional.empty()),
            new KeyCheck("accepted", VerdictSource.CACHE, 12_345),
            214,
            2,
            "10.0.0.7:5000",
            -1,
            4_321,
            1_234_567,
            1_456_789);

    private final LoggingEvent event = new LoggingEvent(
            "fqcn", new LoggerContext().getLogger("torii.access"), Level.INFO, LogLine.MESSAGE, null, new Object[] {LINE
            });
    private final LineEncoder text = new LineEncoder();
    private final LineEncoder json = new LineEncoder();

    /** Sets the formats. */
    public LogLineBench() {
        json.follow(Format.JSON);
    }

    /** As text. */
    @Benchmark
    public byte[] accessLineAsText() {
        return text.encode(event);
    }

    /** As a JSON object. */
    @Benchmark
    public byte[] accessLineAsJson() {
        return json.encode(event);
    }
}

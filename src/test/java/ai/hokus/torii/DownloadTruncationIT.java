package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Bystander;
import ai.hokus.torii.support.Cut;
import ai.hokus.torii.support.Ending;
import ai.hokus.torii.support.FramedMessage;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMessage;
import ai.hokus.torii.support.RawServer.Connection;
import ai.hokus.torii.support.RecordingMlflow;
import ai.hokus.torii.support.RecordingMlflow.Seen;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An MLflow that breaks its answer off: whatever the offset, the framing and the way it leaves, the caller never holds a
 * whole answer in its hands, and nobody else notices. To an HTTP/1.0 caller an answer without a length ends with the
 * connection, so there only a reset tells a cut.
 */
@ExtendWith(VertxExtension.class)
class DownloadTruncationIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String PATH = "/api/2.0/mlflow-artifacts/artifacts/1/r/";
    private static final String HEAD = "HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 10:00:00 GMT\r\nserver: uvicorn\r\n"
            + "Content-Type: application/octet-stream\r\n";
    private static final int LARGE = 7 * 64 * 1024 + 5000;
    private static final FramedMessage SIZED = FramedMessage.sized(HEAD, LARGE);
    private static final FramedMessage CHUNKED =
            FramedMessage.chunked(HEAD, 1, 15, 4096, 65_535, 1, 65_536, 100_000, 2);
    private static final FramedMessage CHUNKED_SMALL = FramedMessage.chunked(HEAD, 1, 2, 16, 7, 1);
    private static final FramedMessage UNFRAMED = FramedMessage.unframed(HEAD, LARGE);
    /** The last byte does not say that it is the last one. */
    private static final NavigableSet<Integer> UNFRAMED_CUTS =
            new TreeSet<>(UNFRAMED.offsets().tailSet(UNFRAMED.headLength()));

    static {
        UNFRAMED_CUTS.add(UNFRAMED.length());
    }

    private static final Duration LONGEST = Duration.ofSeconds(30);
    private static final int SOON_SECONDS = 2;

    /** What MLflow's side of one cut says to the test. */
    private record Try(Cut cut, CompletableFuture<Void> sent, CompletableFuture<Void> mayCut) {}

    private final Queue<String> violations = new ConcurrentLinkedQueue<>();
    private volatile Map<String, Try> tries = Map.of();

    static Stream<Arguments> answers() {
        Set<Ending> all = EnumSet.allOf(Ending.class);
        return Stream.of("HTTP/1.1", "HTTP/1.0")
                .flatMap(version -> Stream.of(
                        Arguments.of("a length", version, SIZED, SIZED.offsets(), all),
                        Arguments.of("chunks", version, CHUNKED, CHUNKED.offsets(), all),
                        Arguments.of("small chunks", version, CHUNKED_SMALL, CHUNKED_SMALL.offsets(), all),
                        // A FIN is the legal end of an answer without framing, inside its head alone it is not.
                        Arguments.of(
                                "the end of the connection",
                                version,
                                UNFRAMED,
                                UNFRAMED.offsets().headSet(UNFRAMED.headLength()),
                                all),
                        Arguments.of(
                                "the end of the connection, reset",
                                version,
                                UNFRAMED,
                                UNFRAMED_CUTS,
                                EnumSet.of(Ending.RESET))));
    }

    @ParameterizedTest(name = "{0}, {1} caller")
    @MethodSource("answers")
    void neverCompletesAnAnswerThatMlflowCut(
            String framing,
            String version,
            FramedMessage answer,
            NavigableSet<Integer> offsets,
            Set<Ending> endings,
            Vertx vertx)
            throws Exception {
        // Given
        assertThat(answer.offsets()).hasSizeGreaterThanOrEqualTo(50);
        List<Cut> cuts = Cut.all(offsets, endings);
        tries = cuts.stream()
                .map(cut -> new Try(cut, new CompletableFuture<>(), new CompletableFuture<>()))
                .collect(Collectors.toMap(one -> one.cut().name(), Function.identity()));
        try (RecordingMlflow mlflow = RecordingMlflow.start((connection, seen) -> answer(connection, seen, answer))) {
            TestGateway gateway = TestGateway.start(vertx, mlflow.url(), KEY);
            Bystander bystander = new Bystander(gateway.port(), KEY);
            assertThat(bystander.isServed()).isTrue();

            // When
            long start = System.nanoTime();
            for (Cut cut : cuts) {
                if (System.nanoTime() - start > LONGEST.toNanos()) {
                    violations.add("given up before " + cut + ", as each takes too long");
                    break;
                }
                RawMessage heard = ask(cut, version, gateway.port(), bystander);
                judge(cut, heard, answer);
            }

            // Then
            gateway.stop();
            if (!mlflow.isLeftSoon()) {
                violations.add("connections to MLflow outlive the gateway");
            }
            judgeRepetitions(mlflow.seen());
        }
        assertThat(violations)
                .as(framing + ", " + version + ", " + cuts.size() + " cuts")
                .isEmpty();
    }

    /** Every try of a request is cut alike, so that no second one can make good what the first lost. */
    private void answer(Connection connection, Seen seen, FramedMessage answer) throws IOException {
        Try one = tries.get(seen.request().target().replaceFirst(".*/", ""));
        if (one == null) {
            connection.send(RecordingMlflow.OK);
            return;
        }
        connection.send(answer.prefix(one.cut().offset(), ""));
        one.sent().complete(null);
        if (one.cut().isLate()) {
            await(one.mayCut());
        }
        one.cut().ending().cut(connection);
        if (one.cut().ending() == Ending.HALF_CLOSE) {
            long from = System.nanoTime();
            RawMessage next = connection.readMessage(head -> {});
            if (!next.isEmpty()) {
                violations.add(one.cut() + ": its connection was used again for " + next.target());
            }
            if (System.nanoTime() - from > TimeUnit.SECONDS.toNanos(SOON_SECONDS)) {
                violations.add(one.cut() + ": MLflow's connection was not given up soon");
            }
        }
        if (!connection.isClosed()) {
            connection.close();
        }
    }

    private RawMessage ask(Cut cut, String version, int port, Bystander bystander) throws IOException {
        Try one = tries.get(cut.name());
        try (RawClient caller = new RawClient(port)) {
            caller.send("GET " + PATH + cut.name() + " " + version + "\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n\r\n");
            if (cut.isLate()) {
                await(one.sent());
                if (!bystander.isServed()) {
                    violations.add(cut + ": another caller was not served before it");
                }
                one.mayCut().complete(null);
            }
            RawMessage heard = caller.patience(Duration.ofSeconds(SOON_SECONDS)).readMessage();
            if (!bystander.isServed()) {
                violations.add(cut + ": another caller was not served after it");
            }
            return heard;
        }
    }

    private void judge(Cut cut, RawMessage heard, FramedMessage answer) {
        String told =
                ": the caller holds " + heard.status() + " with " + heard.body().length() + " bytes, ";
        if (heard.isCompleteSuccess()) {
            violations.add(cut + told + "and takes it for whole");
        } else if (heard.end() == RawMessage.End.SILENCE || heard.end() == RawMessage.End.MALFORMED) {
            violations.add(cut + told + heard.end());
        } else if (heard.isComplete() && heard.status() != 502) {
            violations.add(cut + told + "which is no 502");
        } else if (cut.offset() < answer.headLength() && !heard.isComplete()) {
            violations.add(cut + told + heard.end() + ", but no 502");
        } else if (heard.status() == 200 && !answer.body().startsWith(heard.body())) {
            violations.add(cut + told + "which MLflow did not send");
        }
    }

    private void judgeRepetitions(List<Seen> seen) {
        seen.stream()
                .filter(one -> one.request().target().startsWith(PATH))
                .collect(Collectors.groupingBy(one -> one.request().target(), Collectors.counting()))
                .forEach((target, count) -> {
                    if (count > 2) {
                        violations.add(target + ": MLflow was asked " + count + " times");
                    }
                });
    }

    private static void await(CompletableFuture<Void> signal) throws IOException {
        try {
            signal.get(5, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("no signal from the other side", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }
}

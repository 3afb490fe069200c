package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Bystander;
import ai.hokus.torii.support.Cut;
import ai.hokus.torii.support.Ending;
import ai.hokus.torii.support.FramedMessage;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMessage;
import ai.hokus.torii.support.RecordingMlflow;
import ai.hokus.torii.support.RecordingMlflow.Seen;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A caller that breaks its upload off: whatever the offset, the framing and the way it leaves, MLflow never sees a whole
 * request, and nobody else notices.
 */
@ExtendWith(VertxExtension.class)
class UploadTruncationIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String PUT = "PUT /api/2.0/mlflow-artifacts/artifacts/1/r/" + FramedMessage.NAME
            + " HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\nContent-Type: application/octet-stream\r\n";
    private static final int LARGE = 7 * 64 * 1024 + 5000;
    private static final FramedMessage SIZED = FramedMessage.sized(PUT, LARGE);
    private static final FramedMessage SIZED_SMALL = FramedMessage.sized(PUT, 50);
    private static final FramedMessage CHUNKED = FramedMessage.chunked(PUT, 1, 15, 4096, 65_535, 1, 65_536, 100_000, 2);
    private static final FramedMessage CHUNKED_SMALL = FramedMessage.chunked(PUT, 1, 2, 16, 7, 1);
    private static final Duration LONGEST = Duration.ofSeconds(30);
    private static final Duration SOON = Duration.ofSeconds(2);

    private final List<String> violations = new ArrayList<>();
    private final Map<Cut, Long> cutNanos = new LinkedHashMap<>();
    private final Map<Cut, RawClient> listening = new HashMap<>();

    static Stream<Arguments> uploads() {
        return Stream.of(
                Arguments.of("a length", "spool", SIZED),
                Arguments.of("a length, small", "spool", SIZED_SMALL),
                Arguments.of("chunks, spooled", "spool", CHUNKED),
                Arguments.of("chunks, held in memory", "spool", CHUNKED_SMALL),
                Arguments.of("chunks, streamed", "stream", CHUNKED),
                Arguments.of("chunks, small, streamed", "stream", CHUNKED_SMALL));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("uploads")
    void neverCompletesAnUploadThatTheCallerCut(String framing, String unknownLength, FramedMessage upload, Vertx vertx)
            throws Exception {
        // Given
        List<Cut> cuts = Cut.all(upload.offsets(), EnumSet.allOf(Ending.class));
        assertThat(upload.offsets()).hasSizeGreaterThanOrEqualTo(50);
        try (RecordingMlflow mlflow =
                RecordingMlflow.start((connection, seen) -> connection.send(RecordingMlflow.OK))) {
            TestGateway gateway =
                    TestGateway.start(vertx, mlflow.url(), KEY, "TORII_UPLOAD_UNKNOWN_LENGTH", unknownLength);
            Bystander bystander = new Bystander(gateway.port(), KEY);
            assertThat(bystander.isServed()).isTrue();

            // When
            long start = System.nanoTime();
            for (Cut cut : cuts) {
                if (System.nanoTime() - start > LONGEST.toNanos()) {
                    violations.add("given up before " + cut + ", as each takes too long");
                    break;
                }
                send(upload, cut, gateway.port(), bystander);
            }

            // Then
            judgeWhatCallersHeard();
            gateway.stop();
            if (!mlflow.isLeftSoon()) {
                violations.add("connections to MLflow outlive the gateway");
            }
            boolean mayBegin = upload == SIZED || upload == SIZED_SMALL || unknownLength.equals("stream");
            judgeWhatMlflowSaw(mlflow.seen(), upload, mayBegin);
        }
        assertThat(violations).as(framing + ", " + cuts.size() + " cuts").isEmpty();
    }

    private void send(FramedMessage upload, Cut cut, int port, Bystander bystander) throws IOException {
        RawClient caller = new RawClient(port);
        try {
            caller.send(upload.prefix(cut.offset(), cut.name()));
        } catch (IOException e) {
            violations.add(cut + ": the gateway closed before the cut");
        }
        if (cut.isLate() && !bystander.isServed()) {
            violations.add(cut + ": another caller was not served before it");
        }
        cutNanos.put(cut, System.nanoTime());
        cut.ending().cut(caller);
        if (cut.ending() == Ending.HALF_CLOSE) {
            listening.put(cut, caller);
        }
        if (!bystander.isServed()) {
            violations.add(cut + ": another caller was not served after it");
        }
    }

    private void judgeWhatCallersHeard() throws IOException {
        long start = System.nanoTime();
        for (Map.Entry<Cut, RawClient> entry : listening.entrySet()) {
            RawClient caller = entry.getValue();
            RawMessage answer =
                    caller.patience(SOON.minusNanos(System.nanoTime() - start)).readMessage();
            if (answer.isCompleteSuccess()) {
                violations.add(entry.getKey() + ": the caller was told " + answer.status());
            }
            if (answer.end() == RawMessage.End.SILENCE || answer.end() == RawMessage.End.MALFORMED) {
                violations.add(entry.getKey() + ": the caller's connection ended in " + answer.end());
            }
            caller.close();
        }
    }

    private void judgeWhatMlflowSaw(List<Seen> seen, FramedMessage upload, boolean mayBegin) {
        Map<String, List<Seen>> byName = seen.stream()
                .collect(Collectors.groupingBy(one -> one.request().target().replaceFirst(".*/", "")));
        cutNanos.forEach((cut, at) -> {
            List<Seen> own = byName.getOrDefault(cut.name(), List.of());
            if (own.size() > (mayBegin ? 1 : 0)) {
                violations.add(cut + ": MLflow saw " + own.size() + " requests");
            }
            for (Seen one : own) {
                judge(cut, one, at, upload);
            }
        });
        seen.stream()
                .filter(one -> !one.request().isComplete())
                .filter(one -> one.request().target().startsWith(Bystander.TARGET))
                .forEach(one -> violations.add("another caller's request was cut: " + one));
    }

    private void judge(Cut cut, Seen one, long cutAt, FramedMessage upload) {
        RawMessage request = one.request();
        if (request.isComplete() || request.end() == RawMessage.End.MALFORMED) {
            violations.add(cut + ": MLflow's request of " + request.body().length() + " bytes is " + request.end());
        }
        if (!upload.body().startsWith(request.body())) {
            violations.add(cut + ": MLflow got other bytes than were sent");
        }
        if (one.endNanos() - cutAt > SOON.toNanos()) {
            violations.add(cut + ": MLflow's connection ended only after "
                    + Duration.ofNanos(one.endNanos() - cutAt).toMillis() + " ms");
        }
    }
}

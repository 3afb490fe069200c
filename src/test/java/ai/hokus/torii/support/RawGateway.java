package ai.hokus.torii.support;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A gateway between a caller and an MLflow that are both made of bytes, and what each of them saw of a case. */
public final class RawGateway {

    /** Longer than the gateway drains a body it does not want. */
    private static final Duration PATIENCE = Duration.ofSeconds(4);

    private final RecordingMlflow mlflow;
    private final TestGateway gateway;
    private final Bystander bystander;

    private RawGateway(RecordingMlflow mlflow, TestGateway gateway) {
        this.mlflow = mlflow;
        this.gateway = gateway;
        this.bystander = new Bystander(gateway.port(), RawCase.KEY);
    }

    /** One event loop; MLflow answers each request with its target as body. */
    public static RawGateway start(Vertx vertx, String... settings) throws Exception {
        RecordingMlflow mlflow = RecordingMlflow.start((connection, seen) -> {
            String target = seen.request().target();
            String body = target.equals(Bystander.TARGET) ? "{}" : target;
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n"
                    + (seen.request().head().startsWith("HEAD ") ? "" : body));
        });
        return new RawGateway(mlflow, TestGateway.start(vertx, mlflow.url(), RawCase.KEY, settings));
    }

    /** Sends this, and reads one answer and, behind a refusal, all that comes until the connection ends. */
    public Outcome send(RawCase one) throws IOException {
        return send(one.name(), List.of(one.wire()), 1);
    }

    /** The same for pieces, each sent when the gateway has read the one before, and so many answers. */
    public Outcome send(String name, List<String> pieces, int answers) throws IOException {
        return send(name, pieces, answers, true);
    }

    /** Sends this and reads one answer, behind which the connection may stay. */
    public Outcome ask(RawCase one) throws IOException {
        return send(one.name(), List.of(one.wire()), 1, false);
    }

    private Outcome send(String name, List<String> pieces, int answers, boolean isEndAwaited) throws IOException {
        int requestsBefore = mlflow.seen().size();
        int headsBefore = mlflow.heads().size();
        List<RawMessage> read = new ArrayList<>();
        try (RawClient caller = new RawClient(gateway.port()).patience(PATIENCE)) {
            write(caller, pieces);
            RawMessage next;
            do {
                next = caller.readMessage();
                read.add(next);
            } while (next.isComplete() && (read.size() < answers || isEndAwaited && next.status() >= 400));
        }
        assertThat(bystander.isServed()).as(name + ": another caller is served").isTrue();
        return new Outcome(
                name,
                read.stream().filter(answer -> !answer.isEmpty()).toList(),
                read.get(read.size() - 1).end(),
                mlflow.heads().stream()
                        .skip(headsBefore)
                        .filter(head -> !head.contains(Bystander.TARGET))
                        .toList(),
                mlflow.seen().stream()
                        .skip(requestsBefore)
                        .map(RecordingMlflow.Seen::request)
                        .filter(request -> !request.target().equals(Bystander.TARGET))
                        .toList());
    }

    private void write(RawClient caller, List<String> pieces) throws IOException {
        for (int i = 0; i < pieces.size(); i++) {
            if (i > 0) {
                bystander.ask();
            }
            try {
                caller.send(pieces.get(i));
            } catch (IOException e) {
                // The gateway may refuse before it has read all.
                return;
            }
        }
    }

    public void stop() throws Exception {
        gateway.stop();
        mlflow.close();
    }

    /** What both sides saw of the case of this name. */
    public record Outcome(
            String name, List<RawMessage> answers, RawMessage.End end, List<String> heads, List<RawMessage> requests) {

        /** One answer with such a status, the connection closed behind it, MLflow silent. */
        public void isRefused(Set<Integer> statuses) {
            isRefusedAtLast(statuses);
            assertThat(heads).as(name + ": heads MLflow saw").isEmpty();
        }

        /** The same, but a fault that showed only in the body may have come when MLflow had the head. */
        public void isRefusedAtLast(Set<Integer> statuses) {
            isAnswered(statuses);
            assertThat(end)
                    .as(name + ": end of the caller's connection")
                    .isIn(RawMessage.End.FIN, RawMessage.End.RESET);
        }

        /** One answer with such a status and no whole request to MLflow; the connection may stay. */
        public void isAnswered(Set<Integer> statuses) {
            assertThat(requests)
                    .as(name + ": requests MLflow saw, none of them whole")
                    .noneMatch(request -> request.isComplete() || request.end() == RawMessage.End.MALFORMED);
            assertThat(answers).as(name + ": answers").hasSize(1);
            assertThat(answers.get(0).status())
                    .as(name + ": status of " + answers.get(0))
                    .isIn(statuses);
        }

        /** As many whole requests with these bodies, each answered with 200. */
        public void isServed(String... bodies) {
            assertThat(answers)
                    .as(name + ": answers")
                    .allMatch(RawMessage::isCompleteSuccess)
                    .hasSize(bodies.length);
            assertThat(heads).as(name + ": heads MLflow saw").hasSize(bodies.length);
            assertThat(requests).as(name + ": requests MLflow saw").allMatch(RawMessage::isComplete);
            assertThat(requests)
                    .as(name + ": bodies MLflow saw")
                    .extracting(RawMessage::body)
                    .containsExactly(bodies);
        }

        public boolean isSuccess() {
            return answers.stream().anyMatch(RawMessage::isCompleteSuccess);
        }
    }
}

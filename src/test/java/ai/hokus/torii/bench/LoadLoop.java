package ai.hokus.torii.bench;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Sends loads over keep-alive connections from an event loop of its own. Each request has a time when it is due, and is
 * measured from then on, also when no connection was free to send it: slow answers cannot hide the wait of the next.
 */
final class LoadLoop implements AutoCloseable {

    private static final int TICK_MILLIS = 1;
    private static final long MARGIN_SECONDS = 10;

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final HttpClientAgent client;
    private final int connections;

    /** To this port of the loopback interface. */
    LoadLoop(int port, int connections) {
        this.connections = connections;
        this.client = vertx.createHttpClient(
                new HttpClientOptions().setDefaultHost("127.0.0.1").setDefaultPort(port),
                new PoolOptions().setHttp1MaxSize(connections));
    }

    /** Begins; the answers are there when all of them are, or when the load's limit is reached. */
    Future<Answers> start(Load load) {
        Promise<Answers> end = Promise.promise();
        vertx.runOnContext(v -> new Run(load, end).begin());
        return end.future();
    }

    /** Begins, and waits for the end. */
    Answers run(Load load) throws TimeoutException {
        return await(load, start(load));
    }

    static Answers await(Load load, Future<Answers> answers) throws TimeoutException {
        return answers.await(load.limit().toSeconds() + MARGIN_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        vertx.close();
    }

    /** A load under way. */
    private final class Run {

        private final Load load;
        private final Promise<Answers> end;
        private final Answers answers;
        private long start;
        private int next;
        private int underWay;
        private long ticks;
        private long limit;
        private boolean ended;

        Run(Load load, Promise<Answers> end) {
            this.load = load;
            this.end = end;
            this.answers = new Answers(load.total());
        }

        void begin() {
            start = System.nanoTime();
            ticks = vertx.setPeriodic(TICK_MILLIS, id -> sendWhatIsDue());
            limit = vertx.setTimer(load.limit().toMillis(), id -> end());
            sendWhatIsDue();
        }

        private long elapsed() {
            return System.nanoTime() - start;
        }

        private void sendWhatIsDue() {
            while (!ended && next < load.total() && underWay < connections && load.dueNanos(next) <= elapsed()) {
                send(next++);
            }
        }

        private void send(int number) {
            Call call = load.calls().apply(number);
            underWay++;
            answers.sent(elapsed());
            client.request(HttpMethod.GET, call.path())
                    .compose(request -> {
                        if (call.key() != null) {
                            request.putHeader(HttpHeaders.AUTHORIZATION, "Bearer " + call.key());
                        }
                        return request.send();
                    })
                    .compose(response -> response.end().map(response.statusCode()))
                    .onComplete(
                            status -> over(() -> answers.answered(status, elapsed() - load.dueNanos(number))),
                            cause -> over(() -> answers.failed(cause)));
        }

        private void over(Runnable note) {
            underWay--;
            if (ended) {
                return;
            }
            note.run();
            sendWhatIsDue();
            if (next == load.total() && underWay == 0) {
                end();
            }
        }

        private void end() {
            if (!ended) {
                ended = true;
                vertx.cancelTimer(ticks);
                vertx.cancelTimer(limit);
                end.complete(answers.ended(elapsed()));
            }
        }
    }
}

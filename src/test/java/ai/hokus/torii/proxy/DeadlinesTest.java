package ai.hokus.torii.proxy;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** With real timers on a machine that may be late: what is looked at is the order and the least time that passed. */
@ExtendWith(VertxExtension.class)
class DeadlinesTest {

    private static final Duration SHORT = Duration.ofMillis(60);
    private static final Duration LONG = Duration.ofMillis(240);
    private static final Duration HOUR = Duration.ofHours(1);

    private final List<String> fired = new CopyOnWriteArrayList<>();
    private final List<Throwable> faults = new CopyOnWriteArrayList<>();
    private Vertx vertx;
    private Context loop;
    private Deadlines deadlines;

    @BeforeEach
    void begins(Vertx owner) {
        vertx = owner;
        loop = vertx.getOrCreateContext();
        loop.exceptionHandler(faults::add);
        deadlines = new Deadlines(vertx);
    }

    private interface Script {
        void run(CompletableFuture<Void> done);
    }

    /** Runs it on the event loop and waits until it says that it is done. */
    private void play(Script script) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.runOnContext(v -> script.run(done));
        done.get(20, SECONDS);
    }

    private Deadline start(Duration limit, String name) {
        Deadline deadline = new Deadline(deadlines);
        deadline.start(limit, () -> fired.add(name));
        return deadline;
    }

    /** Done when this much more time has passed, and whatever was due by then has fired. */
    private void later(Duration time, CompletableFuture<Void> done) {
        vertx.setTimer(time.toMillis(), id -> done.complete(null));
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }

    @Test
    void firesOnceWhenItsLimitIsOver() throws Exception {
        // Given
        List<Duration> waited = new CopyOnWriteArrayList<>();

        // When
        play(done -> {
            long start = System.nanoTime();
            new Deadline(deadlines).start(SHORT, () -> waited.add(since(start)));
            later(LONG.multipliedBy(2), done);
        });

        // Then
        assertThat(waited).singleElement().satisfies(time -> assertThat(time).isGreaterThanOrEqualTo(SHORT));
    }

    @Test
    void isPushedBackByATouch() throws Exception {
        // Given
        List<Duration> waited = new CopyOnWriteArrayList<>();

        // When
        play(done -> {
            Deadline deadline = new Deadline(deadlines);
            long[] touched = new long[1];
            deadline.start(LONG, () -> {
                waited.add(since(touched[0]));
                done.complete(null);
            });
            // Due before it, so also run before it on a machine that is late.
            for (long millis : new long[] {60, 120, 180}) {
                vertx.setTimer(millis, id -> {
                    touched[0] = System.nanoTime();
                    deadline.touch();
                });
            }
        });

        // Then
        assertThat(waited).singleElement().satisfies(time -> assertThat(time).isGreaterThanOrEqualTo(LONG));
    }

    @Test
    void firesInTheOrderInWhichTheyAreDueWhoeverWasTouched() throws Exception {
        // When
        play(done -> {
            Deadline first = start(LONG, "touched");
            start(LONG, "untouched");
            vertx.setTimer(80, id -> first.touch());
            vertx.setTimer(
                    160,
                    id -> new Deadline(deadlines).start(LONG, () -> {
                        fired.add("behind");
                        done.complete(null);
                    }));
        });

        // Then
        assertThat(fired).containsExactly("untouched", "touched", "behind");
    }

    @Test
    void doesNotFireOnceItIsCancelled() throws Exception {
        // When
        play(done -> {
            start(SHORT, "first").cancel();
            Deadline middle = start(SHORT, "middle");
            start(SHORT, "stays");
            Deadline last = start(SHORT, "last");
            middle.cancel();
            last.cancel();
            last.cancel();
            new Deadline(deadlines).cancel();
            later(LONG, done);
        });

        // Then
        assertThat(fired).containsExactly("stays");
    }

    @Test
    void doesNotFireWhenAnotherOneThatIsDueWithItCancelsIt() throws Exception {
        // When
        play(done -> {
            Deadline cancelled = new Deadline(deadlines);
            new Deadline(deadlines).start(SHORT, () -> {
                fired.add("first");
                cancelled.cancel();
            });
            cancelled.start(SHORT, () -> fired.add("cancelled"));
            start(SHORT, "last");
            later(LONG, done);
        });

        // Then
        assertThat(fired).containsExactly("first", "last");
    }

    @Test
    void startsOverWithAnotherLimitAndAction() throws Exception {
        // When
        play(done -> {
            long start = System.nanoTime();
            start(SHORT, "shorter")
                    .start(LONG, () -> fired.add("longer " + (since(start).compareTo(LONG) >= 0)));
            start(HOUR, "an hour").start(SHORT, () -> fired.add("short"));
            later(LONG.multipliedBy(2), done);
        });

        // Then
        assertThat(fired).containsExactly("short", "longer true");
    }

    @Test
    void startsOverFromItsOwnAction() throws Exception {
        // When
        play(done -> {
            Deadline deadline = new Deadline(deadlines);
            deadline.start(SHORT, () -> {
                fired.add("first");
                deadline.start(SHORT, () -> {
                    fired.add("second");
                    later(LONG, done);
                });
            });
        });

        // Then
        assertThat(fired).containsExactly("first", "second");
    }

    @Test
    void firesAThousandThatAreDueAtOnce() throws Exception {
        // Given
        List<String> names =
                IntStream.range(0, 1000).mapToObj(Integer::toString).toList();

        // When
        play(done -> {
            names.forEach(name -> start(SHORT, name));
            later(LONG, done);
        });

        // Then
        assertThat(fired).isEqualTo(names);
    }

    @Test
    void firesTheOthersWhenOneThrows() throws Exception {
        // Given
        RuntimeException fault = new IllegalStateException("a fault");

        // When
        play(done -> {
            for (int i = 0; i < 3; i++) {
                new Deadline(deadlines).start(SHORT, () -> {
                    throw fault;
                });
                start(SHORT, "other " + i);
            }
            later(LONG, done);
        });

        // Then
        assertThat(fired).containsExactly("other 0", "other 1", "other 2");
        assertThat(faults).containsExactly(fault, fault, fault);
    }

    @Test
    void keepsThoseOfDifferentLimitsApart() throws Exception {
        // When
        play(done -> {
            start(HOUR, "an hour");
            start(LONG, "long");
            start(SHORT, "short");
            start(LONG, "cancelled").cancel();
            start(Duration.ofMillis(120), "middle");
            later(LONG.multipliedBy(2), done);
        });

        // Then
        assertThat(fired).containsExactly("short", "middle", "long");
    }
}

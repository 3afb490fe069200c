package ai.hokus.torii.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.hokus.torii.support.Await;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class EventLoopDelayTest {

    private static final Offset<Double> NEARLY = within(1e-9);

    private final AtomicLong now = new AtomicLong(-7);
    private final EventLoopDelay delay = new EventLoopDelay(now::get);

    private void pass(long millis) {
        now.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    private static <T> T on(Context loop, Supplier<T> action) throws Exception {
        CompletableFuture<T> done = new CompletableFuture<>();
        loop.runOnContext(v -> done.complete(action.get()));
        return done.get(5, TimeUnit.SECONDS);
    }

    @Test
    void tellsTheWorstOfAllLoops() {
        // Given
        Object first = delay.track();
        Object second = delay.track();

        // When
        pass(130);
        delay.ticked(first);
        pass(220);
        delay.ticked(second);
        pass(-120);
        delay.ticked(first);
        pass(20);

        // Then
        assertThat(delay.seconds()).isCloseTo(0.25, NEARLY);
    }

    @Test
    void isNothingWhileLoopsAreInTime() {
        // Given
        Object loop = delay.track();

        // When
        for (int i = 0; i < 1000; i++) {
            pass(100);
            delay.ticked(loop);
        }

        // Then
        assertThat(delay.seconds()).isZero();
    }

    @Test
    void remembersADelayForThirtySecondsAndForgetsItAfterForty() {
        // Given
        Object loop = delay.track();
        pass(5100);
        delay.ticked(loop);

        // When
        for (int i = 0; i < 300; i++) {
            pass(100);
            delay.ticked(loop);
        }

        // Then
        assertThat(delay.seconds()).isCloseTo(5, NEARLY);
        for (int i = 0; i < 100; i++) {
            pass(100);
            delay.ticked(loop);
        }
        assertThat(delay.seconds()).isZero();
    }

    @Test
    void tellsOfALoopThatHasNotComeBackYet() {
        // Given
        delay.track();

        // When
        pass(60_100);

        // Then
        assertThat(delay.seconds()).isCloseTo(60, NEARLY);
    }

    @Test
    void seesALoopThatSomethingBlocksWhileItLasts(Vertx vertx) throws Exception {
        // Given
        EventLoopDelay real = new EventLoopDelay(System::nanoTime);
        Context loop = vertx.getOrCreateContext();
        Runnable unwatch = on(loop, () -> real.watch(vertx));
        CountDownLatch blocked = new CountDownLatch(1);

        // When
        loop.runOnContext(v -> {
            try {
                blocked.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });

        // Then
        Await.until("it is seen while it lasts", () -> real.seconds() > 0.3);
        blocked.countDown();
        on(loop, () -> {
            unwatch.run();
            return true;
        });
    }
}

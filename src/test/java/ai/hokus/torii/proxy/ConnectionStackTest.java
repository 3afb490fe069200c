package ai.hokus.torii.proxy;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.torii.config.ConfigLoader;
import ai.hokus.torii.config.ForwardConfig;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.wire.Wire;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.junit5.VertxExtension;
import java.net.ConnectException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Connections to MLflow, taken and given back on one event loop. */
@ExtendWith(VertxExtension.class)
class ConnectionStackTest {

    private final Occupancy occupancy = new Occupancy();
    private final LongAdder open = occupancy.open();
    private Vertx vertx;
    private Context loop;
    private int port;

    @BeforeEach
    void start(Vertx given) throws Exception {
        vertx = given;
        loop = vertx.getOrCreateContext();
        HttpServer mlflow = vertx.createHttpServer()
                .requestHandler(request ->
                        request.response().putHeader("Keep-Alive", "timeout=1").end("{}"));
        port = mlflow.listen(0, "127.0.0.1").await(5, SECONDS).actualPort();
    }

    /** A pool of one connection, with these settings beside. */
    private UpstreamPool pool(String... settings) throws Exception {
        Map<String, String> environment =
                new HashMap<>(TestGateway.environment("http://127.0.0.1:" + port, "http://127.0.0.1:1"));
        environment.put("TORII_FORWARD_CONNECTIONS", "1");
        for (int i = 0; i < settings.length; i += 2) {
            environment.put(settings[i], settings[i + 1]);
        }
        GatewayConfig config = new ConfigLoader(vertx)
                .load(Optional.empty(), environment)
                .await(5, SECONDS)
                .config();
        ForwardConfig forward = config.forward();
        return onLoop(() -> Future.succeededFuture(new UpstreamPool(vertx, config.mlflow(), forward, occupancy)))
                .get(5, SECONDS);
    }

    private <T> CompletableFuture<T> onLoop(Supplier<Future<T>> action) {
        CompletableFuture<T> result = new CompletableFuture<>();
        loop.runOnContext(v -> action.get().onComplete(result::complete, result::completeExceptionally));
        return result;
    }

    private CompletableFuture<Lease> ask(UpstreamPool pool) {
        return onLoop(() -> pool.request(HttpMethod.GET, "/"));
    }

    /** Gives an unused connection back. */
    private void putBack(Lease lease) throws Exception {
        onLoop(() -> {
                    lease.request().exceptionHandler(cause -> {});
                    lease.request().reset();
                    lease.giveBack();
                    return Future.succeededFuture();
                })
                .get(5, SECONDS);
    }

    @Test
    void givesAConnectionThatComesBackToTheRequestThatHasWaitedLongest() throws Exception {
        // Given
        UpstreamPool pool = pool();
        Lease first = ask(pool).get(5, SECONDS);
        CompletableFuture<Lease> second = ask(pool);
        CompletableFuture<Lease> third = ask(pool);

        // When
        putBack(first);

        // Then
        assertThat(second.get(5, SECONDS).connection()).isSameAs(first.connection());
        assertThat(third).isNotDone();
        assertThat(open.sum()).isEqualTo(1);
        assertThat(occupancy.waiting().sum()).isEqualTo(1);
    }

    @Test
    void refusesARequestWhenTooManyWaitAlready() throws Exception {
        // Given
        UpstreamPool pool = pool("TORII_FORWARD_QUEUE", "1");
        ask(pool).get(5, SECONDS);
        CompletableFuture<Lease> waiting = ask(pool);

        // When
        CompletableFuture<Lease> refused = ask(pool);

        // Then
        assertThatThrownBy(() -> refused.get(5, SECONDS)).hasCauseInstanceOf(ConnectionPoolTooBusyException.class);
        assertThat(waiting).isNotDone();
    }

    @Test
    void endsAWaitThatTakesTooLongAndKeepsTheConnectionForTheNext() throws Exception {
        // Given
        UpstreamPool pool = pool("TORII_FORWARD_POOL_WAIT", "100ms");
        Lease first = ask(pool).get(5, SECONDS);

        // When
        CompletableFuture<Lease> late = ask(pool);

        // Then
        assertThatThrownBy(() -> late.get(5, SECONDS)).hasCauseInstanceOf(TimeoutException.class);
        assertThat(occupancy.waiting().sum()).isZero();
        putBack(first);
        assertThat(ask(pool).get(5, SECONDS).connection()).isSameAs(first.connection());
    }

    @Test
    void opensAnotherForAWaitingRequestWhenOneIsCut() throws Exception {
        // Given
        UpstreamPool pool = pool();
        Lease first = ask(pool).get(5, SECONDS);
        CompletableFuture<Lease> second = ask(pool);

        // When
        loop.runOnContext(v -> Wire.abort(first.connection()));

        // Then
        assertThat(second.get(5, SECONDS).connection()).isNotSameAs(first.connection());
        Await.until("one connection", () -> open.sum() == 1);
    }

    @Test
    void takesAnotherWhenTheOneThatWasMeantForARequestDiesOnItsWay() throws Exception {
        // Given
        UpstreamPool pool = pool();
        Lease first = ask(pool).get(5, SECONDS);
        CompletableFuture<Lease> second = ask(pool);

        // When
        loop.runOnContext(v -> {
            first.request().exceptionHandler(cause -> {});
            first.request().reset();
            first.giveBack();
            Wire.abort(first.connection());
        });

        // Then
        assertThat(second.get(5, SECONDS).connection()).isNotSameAs(first.connection());
    }

    @Test
    void tellsEveryWaitingRequestThatNoConnectionCanBeHad() throws Exception {
        // Given
        port = 1;
        UpstreamPool pool = pool();

        // When
        CompletableFuture<Lease> first = ask(pool);
        CompletableFuture<Lease> second = ask(pool);

        // Then
        assertThatThrownBy(() -> first.get(5, SECONDS)).hasCauseInstanceOf(ConnectException.class);
        assertThatThrownBy(() -> second.get(5, SECONDS)).hasCauseInstanceOf(ConnectException.class);
        assertThat(occupancy.waiting().sum()).isZero();
    }

    @Test
    void keepsAnIdleConnectionNoLongerThanMlflowSays() throws Exception {
        // Given
        UpstreamPool pool = pool("TORII_FORWARD_KEEP_ALIVE", "10m");
        Lease lease = ask(pool).get(5, SECONDS);
        onLoop(() -> lease.request().send().compose(HttpClientResponse::body).map(body -> {
                    lease.giveBack();
                    return body;
                }))
                .get(5, SECONDS);

        // When / Then
        Await.until("no connection", Duration.ofSeconds(10), () -> open.sum() == 0);
    }

    @Test
    void closesItsConnectionsWithItselfAndTellsWhoWaits() throws Exception {
        // Given
        UpstreamPool pool = pool();
        ask(pool).get(5, SECONDS);
        CompletableFuture<Lease> waiting = ask(pool);

        // When
        onLoop(pool::close).get(5, SECONDS);

        // Then
        assertThatThrownBy(() -> waiting.get(5, SECONDS)).hasCauseInstanceOf(ConnectException.class);
        assertThat(occupancy.waiting().sum()).isZero();
        Await.until("no connection", () -> open.sum() == 0);
        assertThatThrownBy(() -> ask(pool).get(5, SECONDS)).hasCauseInstanceOf(ConnectException.class);
    }
}

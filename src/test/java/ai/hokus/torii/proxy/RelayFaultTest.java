package ai.hokus.torii.proxy;

import static ai.hokus.torii.support.Relayed.ARTIFACT;
import static ai.hokus.torii.support.Relayed.GET;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.ConfigLoader;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.FailureHandler;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.exchange.Route;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.support.LoggedErrors;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMlflow;
import ai.hokus.torii.support.RawServer;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.wire.CallerWire;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.junit5.VertxExtension;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A fault of our own in the middle of the relay. */
@ExtendWith(VertxExtension.class)
class RelayFaultTest {

    private static final ForwardStage.HeaderRule NOTHING = (passage, from, to) -> {};
    private static final ForwardStage.HeaderRule FAULT = (passage, from, to) -> {
        throw new IllegalStateException("words of a caller");
    };
    private static final String ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhello";

    /** A relay with these rules alone, in front of this MLflow. */
    private static RawClient caller(Vertx vertx, RawServer mlflow, Occupancy open, ForwardStage.Headers rules)
            throws Exception {
        GatewayConfig config = new ConfigLoader(vertx)
                .load(Optional.empty(), TestGateway.environment(mlflow.url(), "http://127.0.0.1:1"))
                .await(5, TimeUnit.SECONDS)
                .config();
        CompletableFuture<HttpServer> listening = new CompletableFuture<>();
        vertx.runOnContext(v -> {
            UpstreamPool pool = new UpstreamPool(vertx, config.mlflow(), config.forward(), open);
            Spool spool = new Spool(vertx, config.forward().spool());
            ForwardStage stage = new ForwardStage(vertx, pool, config.forward(), spool, rules);
            vertx.createHttpServer(new HttpServerOptions().setHttp2ClearTextEnabled(false))
                    .connectionHandler(connection -> CallerWire.install(connection, 8192, 8192, 8192))
                    .requestHandler(request -> serve(vertx, stage, request))
                    .listen(0, "127.0.0.1")
                    .onSuccess(listening::complete);
        });
        return new RawClient(listening.get(5, TimeUnit.SECONDS).actualPort());
    }

    private static void serve(Vertx vertx, ForwardStage stage, HttpServerRequest request) {
        Exchange exchange = Exchange.open(vertx, request);
        exchange.route(new Route(Operation.own("test", Access.NONE), "", request.uri(), null));
        stage.apply(exchange).onFailure(cause -> new FailureHandler().write(exchange, cause));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void endsTheExchangeWithInternalAndBothConnections(boolean inTheRequest, Vertx vertx) throws Exception {
        // Given rules that throw, in one direction
        CompletableFuture<String> end = new CompletableFuture<>();
        Occupancy open = new Occupancy();
        try (LoggedErrors unhandled = LoggedErrors.of("io.vertx");
                LoggedErrors logged = LoggedErrors.of("ai.hokus.torii");
                RawServer mlflow = new RawServer(connection -> {
                    connection.send(ANSWER);
                    end.complete(connection.readToEnd());
                });
                RawClient caller = caller(
                        vertx,
                        mlflow,
                        open,
                        inTheRequest
                                ? new ForwardStage.Headers(FAULT, NOTHING)
                                : new ForwardStage.Headers(NOTHING, FAULT))) {
            // When
            caller.send(GET);

            // Then
            assertThat(caller.readUntil("}"))
                    .startsWith("HTTP/1.1 500")
                    .contains("\"reason\":\"internal\"")
                    .doesNotContain("words of a caller");
            assertThat(unhandled.all()).isEmpty();
            assertThat(logged.next())
                    .contains("IllegalStateException", "RelayFaultTest")
                    .doesNotContain("words of a caller");
            if (!inTheRequest) {
                end.get(5, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void endsTheExchangeWhileABodyIsOnItsWay(Vertx vertx) throws Exception {
        // Given rules that throw for the answer, and a body that does not end
        CompletableFuture<String> end = new CompletableFuture<>();
        try (RawServer mlflow = RawMlflow.start((connection, head) -> {
                    connection.send(ANSWER);
                    end.complete(connection.readToEnd());
                });
                RawClient caller = caller(
                        vertx,
                        mlflow,
                        new Occupancy(),
                        new ForwardStage.Headers(
                                (passage, from, to) -> to.set("X-Request-Id", passage.requestId()), FAULT))) {
            // When
            caller.send("PUT" + ARTIFACT + "Content-Length: 1000\r\n\r\nhello");

            // Then
            assertThat(caller.readToEnd()).startsWith("HTTP/1.1 500").containsIgnoringCase("connection: close");
            assertThat(end.get(5, TimeUnit.SECONDS)).isEqualTo("hello");
        }
    }
}

package ai.hokus.torii;

import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.health.HealthEndpoints;
import ai.hokus.torii.models.ModelsEndpoint;
import ai.hokus.torii.proxy.UpstreamCalls;
import ai.hokus.torii.proxy.UpstreamPool;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** What the gateway answers itself on the api listener: health, the models, redirects to the mounts. */
final class OwnEndpoints {

    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);

    private final Vertx vertx;
    private final HealthEndpoints health;
    private final UpstreamCalls calls;
    private final boolean servesArtifacts;
    private final Supplier<Future<Void>> authProbe;

    /** Asks MLflow over this pool and the auth source by this probe. */
    OwnEndpoints(
            Vertx vertx,
            GatewayConfig config,
            Gateway.Shared shared,
            UpstreamPool pool,
            Supplier<Future<Void>> authProbe) {
        this.vertx = vertx;
        this.health = new HealthEndpoints(shared.health(), shared.buildJson());
        this.calls = new UpstreamCalls(pool, config.mlflow(), CALL_TIMEOUT);
        this.servesArtifacts = config.mlflow().servesArtifacts();
        this.authProbe = authProbe;
    }

    /** Each by its canonical path. */
    Map<String, Endpoint> byPath() {
        Map<String, Supplier<Future<Void>>> mlflow = mlflowProbes();
        Map<String, Supplier<Future<Void>>> all = new LinkedHashMap<>(mlflow);
        all.put("auth", authProbe);
        Function<Exchange, Future<Void>> mlflowNow = exchange -> health.now(vertx, exchange, mlflow);
        ModelsEndpoint models = new ModelsEndpoint((exchange, target) -> calls.get(target, Optional.of(exchange))
                .map(answer -> new ModelsEndpoint.Answer(
                        answer.statusCode(), answer.getHeader("Content-Type"), answer.body())));
        return Map.ofEntries(
                Endpoint.own("/health", now(health::health)),
                Endpoint.own("/live", now(health::live)),
                Endpoint.own("/ready", now(health::ready)),
                Endpoint.own("/api/health", exchange -> health.now(vertx, exchange, all)),
                Endpoint.own("/api/health/mlflow", mlflowNow),
                Endpoint.own("/mlflow/health/mlflow", mlflowNow),
                Endpoint.own("/api/mlflow/health/mlflow", mlflowNow),
                Endpoint.own("/api/models", models::handle),
                Endpoint.own("/mlflow", now(request -> redirect(request, "/mlflow/"))),
                Endpoint.own("/api/mlflow", now(request -> redirect(request, "/api/mlflow/"))));
    }

    private Map<String, Supplier<Future<Void>>> mlflowProbes() {
        Map<String, Supplier<Future<Void>>> mlflow = new LinkedHashMap<>();
        mlflow.put("connectivity", () -> calls.reach(MlflowProbes.CONNECTIVITY));
        mlflow.put("api", () -> calls.probe(MlflowProbes.API));
        mlflow.put(
                "artifacts",
                () -> servesArtifacts
                        ? calls.probe(MlflowProbes.ARTIFACTS)
                        : Future.failedFuture(GatewayFailure.artifactsDisabled()));
        return mlflow;
    }

    /** MLflow's UI asks for its files by relative paths, which a mount without its last slash would lead astray. */
    private static void redirect(HttpServerRequest request, String to) {
        request.response()
                .setStatusCode(302)
                .putHeader(HttpHeaders.LOCATION, to)
                .end();
    }

    private static Function<Exchange, Future<Void>> now(Consumer<HttpServerRequest> answer) {
        return exchange -> {
            answer.accept(exchange.request());
            return Future.succeededFuture();
        };
    }
}

package ai.hokus.torii.bench;

import ai.hokus.torii.authz.Authorizer;
import ai.hokus.torii.config.AuthorizationConfig;
import ai.hokus.torii.config.AuthorizationConfig.Mode;
import ai.hokus.torii.config.AuthorizationConfig.Scopes;
import ai.hokus.torii.config.AuthorizationConfig.UnknownOperations;
import ai.hokus.torii.exchange.Decision;
import ai.hokus.torii.exchange.Route;
import ai.hokus.torii.identity.Principal;
import ai.hokus.torii.mlflow.CanonicalPath;
import ai.hokus.torii.mlflow.Mounts;
import ai.hokus.torii.mlflow.RouteCatalogue;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs to read a target once, to find its operation and to decide. */
@State(Scope.Thread)
@BenchmarkMode(org.openjdk.jmh.annotations.Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class DecisionBench {

    private final Mounts mounts = new Mounts(RouteCatalogue.shipped(), true);
    private final Authorizer authorizer = new Authorizer(new AuthorizationConfig(
            Mode.ENFORCE,
            UnknownOperations.ADMIN,
            new Scopes(
                    Set.of("model:read", "mlflow:read", "read"),
                    Set.of("model:write", "mlflow:write", "mlflow:access", "write", "full_access"),
                    Set.of("mlflow:delete"),
                    Set.of("admin", "mlflow:admin", "registry:admin", "model-registry:admin", "is_admin"),
                    Set.of("torii:explain")),
            Map.of(),
            List.of()));
    private final Principal principal = new Principal(
            "key-1",
            "ada",
            Set.of("model:read", "model:write", "mlflow:delete"),
            Set.of("member"),
            OptionalLong.empty(),
            Optional.empty());

    /** Method and target of a request. */
    @Param({
        "POST /api/mlflow/api/2.0/mlflow/runs/log-batch",
        "GET /api/mlflow/api/2.0/mlflow/registered-models/get?name=fraud-detector",
        "PATCH /api/mlflow/api/2.0/mlflow/logged-models/m-7d2f0a9c41be4f0f9a3b/tags",
        "PUT /api/mlflow/api/2.0/mlflow-artifacts/artifacts/12/models/m-7d2f0a9c41be/artifacts/data/model.pkl",
        "PUT /api/mlflow/api/2.0/mlflow-artifacts/artifacts/12/models/m-7d2f0a9c41be/artifacts/my%20model%20%C3%BC.pkl"
    })
    public String request;

    private String method;
    private String target;

    /** Cuts the request in two, as the server does before anybody decides. */
    @Setup
    public void cut() {
        int space = request.indexOf(' ');
        method = request.substring(0, space);
        target = request.substring(space + 1);
    }

    /** Canonical path, mount, operation, decision. */
    @Benchmark
    public Decision decide() {
        Route route = mounts.resolve(method, CanonicalPath.parse(target));
        return authorizer.decide(principal, route.operation(), false);
    }
}

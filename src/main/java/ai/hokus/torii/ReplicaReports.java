package ai.hokus.torii;

import ai.hokus.torii.health.HealthMonitor;
import ai.hokus.torii.proxy.Replicas;
import ai.hokus.torii.telemetry.Meters;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** What operators are told about MLflow's replicas, by address: numbers, and who is left out. */
final class ReplicaReports {

    private static final String REPLICA = "replica";

    private final Supplier<Replicas> replicas;

    /** About those in use at the time. */
    ReplicaReports(Supplier<Replicas> replicas) {
        this.replicas = replicas;
    }

    /** Counts the requests that went to another replica. */
    static Consumer<String> failovers(Meters meters) {
        return meters.counters(
                "torii.upstream.failovers",
                "Requests that went to another replica than the first chosen",
                "why",
                List.of("connect", "died"));
    }

    /** Hands them over. */
    void describe(Meters meters, HealthMonitor health) {
        meters.table(
                "torii.upstream.up",
                "1 while a replica of MLflow's gets requests, 0 while it is left out",
                REPLICA,
                () -> each(state -> state.isUp() ? 1 : 0));
        meters.table(
                "torii.upstream.requests",
                "Requests under way to a replica of MLflow's",
                REPLICA,
                () -> each(Replicas.State::requests));
        health.remark(
                Gateway.MLFLOW,
                () -> replicas.get().failure().map(failure -> failure.reason().code()));
        health.detail(Gateway.MLFLOW, "replicas", this::states);
    }

    private Map<String, Number> each(Function<Replicas.State, Number> number) {
        Map<String, Number> numbers = new LinkedHashMap<>();
        replicas.get().states().forEach(state -> numbers.put(state.name(), number.apply(state)));
        return numbers;
    }

    /** One alone is what the check itself is about. */
    private JsonArray states() {
        JsonArray list = new JsonArray();
        List<Replicas.State> all = replicas.get().states();
        if (all.size() < 2) {
            return list;
        }
        all.forEach(state -> {
            JsonObject replica =
                    new JsonObject().put("name", state.name()).put("status", state.isUp() ? "up" : "left_out");
            state.failure()
                    .ifPresent(failure -> replica.put("reason", failure.reason().code()));
            list.add(replica);
        });
        return list;
    }
}

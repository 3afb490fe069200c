package ai.hokus.torii;

import ai.hokus.torii.config.AuthorizationConfig;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.health.HealthMonitor;
import ai.hokus.torii.telemetry.Meters;
import ai.hokus.torii.wire.DirectMemory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** What operators are told about a gateway by numbers and remarks; always about the rooms in use at the time. */
final class GatewayReports {

    private static final Pattern CODE = Pattern.compile("[a-z_]+");

    private final Gateway.Shared shared;
    private final Meters meters;
    private final HealthMonitor health;
    private final Supplier<Rooms> rooms;

    GatewayReports(Gateway.Shared shared, Supplier<Rooms> rooms) {
        this.shared = shared;
        this.meters = shared.meters();
        this.health = shared.health();
        this.rooms = rooms;
    }

    private GatewayConfig config() {
        return rooms.get().config();
    }

    /** Hands them over. */
    void describe() {
        describeHealth();
        describeRoom();
        new ReplicaReports(() -> rooms.get().replicas()).describe(meters, health);
        meters.gauge(
                "torii.authorization.enforced",
                "0 while refusals are only rehearsed",
                () -> config().authorization().mode() == AuthorizationConfig.Mode.ENFORCE ? 1 : 0);
    }

    private void describeHealth() {
        health.remark(Gateway.AUTH, () -> rooms.get().authSource().complaint().map(Reason::code));
        meters.gauge("torii.ready", "1 while /ready says yes", () -> health.isReady() ? 1 : 0);
        meters.gauge(
                "torii.draining",
                "1 from the moment on that the process is told to end",
                () -> health.isDraining() ? 1 : 0);
        meters.rows(
                "torii.health.check",
                "1 if a check of what the gateway depends on passed when it was last made, else 0",
                this::checks);
        meters.rows("torii.health.reason", "1 for what is the matter with a check at the moment", this::reasons);
    }

    private Map<List<String>, Number> checks() {
        Map<List<String>, Number> rows = new LinkedHashMap<>();
        health.states().forEach((name, state) -> rows.put(List.of("check", name), state.isUp() ? 1 : 0));
        return rows;
    }

    private Map<List<String>, Number> reasons() {
        Map<List<String>, Number> rows = new LinkedHashMap<>();
        health.states().forEach((name, state) -> {
            if (!state.reason().isEmpty()) {
                rows.put(List.of("check", name, "reason", tag(state.reason())), 1);
            }
        });
        return rows;
    }

    /** Reasons are codes, or a few words of the monitor's own; whatever else there might be must not become a tag. */
    private static String tag(String reason) {
        String code = reason.toLowerCase(Locale.ROOT).replace(' ', '_');
        return CODE.matcher(code).matches() ? code : "other";
    }

    /** How full it is, and what would be full. */
    private void describeRoom() {
        meters.gauge(
                "torii.spool.bytes",
                "Bytes of bodies without a length that wait in files",
                () -> rooms.get().spool().heldBytes());
        meters.gauge(
                "torii.spool.capacity.bytes",
                "How many bytes may wait in files: spool.max-total",
                () -> config().forward().spool().maxTotalBytes());
        meters.gauge("torii.connections", "Open connections of callers", shared.caps()::open);
        meters.gauge(
                "torii.connections.capacity",
                "How many connections of callers there may be: listener.max-connections",
                () -> config().api().caps().total());
        meters.gauge(
                "torii.upstream.connections",
                "Open connections to MLflow",
                shared.occupancy().open()::sum);
        meters.gauge(
                "torii.upstream.connections.capacity",
                "How many connections to MLflow there may be for callers: forward.connections for each event loop and replica",
                this::upstreamCapacity);
        meters.gauge(
                "torii.upstream.waiting",
                "Requests that wait for a connection to MLflow, new or free",
                shared.occupancy().waiting()::sum);
        meters.gauge(
                "torii.direct.memory.bytes",
                "Memory outside the heap that buffers of connections have reserved",
                DirectMemory::reservedBytes);
        meters.gauge(
                "torii.direct.memory.capacity.bytes",
                "How much memory outside the heap there may be: -XX:MaxDirectMemorySize",
                DirectMemory::capacityBytes);
    }

    private long upstreamCapacity() {
        GatewayConfig config = config();
        return (long) config.forward().connections()
                * config.api().instances()
                * rooms.get().replicas().states().size();
    }
}

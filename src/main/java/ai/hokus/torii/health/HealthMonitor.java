package ai.hokus.torii.health;

import ai.hokus.torii.exchange.GatewayFailure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.healthchecks.CheckResult;
import io.vertx.ext.healthchecks.HealthChecks;
import io.vertx.ext.healthchecks.Status;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Runs named checks now and then and remembers what they came to, so that probes cost nothing.
 *
 * <p>Traffic counts as a check: what was {@linkplain #seen seen} to work within a check's interval is not asked again. A
 * required check that has never passed is repeated every second, a failing one every ten. The checks run on the event
 * loop the monitor was started on; everything else may be called from any thread.
 */
public final class HealthMonitor {

    private static final long TIMEOUT_MILLIS = 10_000;
    private static final long IMPATIENT_MILLIS = 1000;
    private static final long FAILING_MILLIS = 10_000;

    /**
     * One thing that must work.
     *
     * @param name its name in answers
     * @param isRequired whether readiness waits for it
     * @param interval how often it is repeated once it has passed
     * @param probe succeeds when it works; a {@code GatewayFailure} says by its reason why it does not
     */
    public record Check(String name, boolean isRequired, Duration interval, Supplier<Future<Void>> probe) {}

    /**
     * What a check came to last.
     *
     * @param isUp whether it passed
     * @param hasPassed whether it ever did
     * @param reason why it did not pass; empty when it did
     */
    public record State(boolean isUp, boolean hasPassed, String reason) {}

    private static final State UNKNOWN = new State(false, false, "not checked yet");

    private final Vertx vertx;
    private final HealthChecks checks;
    private volatile Map<String, Check> byName = Map.of();
    private final Map<String, State> states = new ConcurrentHashMap<>();
    private final Map<String, Long> seenNanos = new ConcurrentHashMap<>();
    private final Map<String, Supplier<Optional<String>>> remarks = new ConcurrentHashMap<>();
    private final Map<String, Consumer<JsonObject>> details = new ConcurrentHashMap<>();
    private volatile boolean draining;
    private boolean started;
    private boolean stopped;

    /** Knows no check yet. */
    public HealthMonitor(Vertx vertx) {
        this.vertx = vertx;
        this.checks = HealthChecks.create(vertx);
    }

    /**
     * Adds a check, or puts it in the place of one of the same name, whose state stays until the new one has come to
     * something; on the event loop the monitor is started on.
     */
    public HealthMonitor register(Check check) {
        if (byName.containsKey(check.name())) {
            checks.unregister(check.name());
        }
        Map<String, Check> all = new LinkedHashMap<>(byName);
        all.put(check.name(), check);
        byName = all;
        states.putIfAbsent(check.name(), UNKNOWN);
        checks.register(
                check.name(),
                TIMEOUT_MILLIS,
                promise -> check.probe()
                        .get()
                        .onComplete(
                                v -> promise.tryComplete(Status.OK()),
                                cause ->
                                        promise.tryComplete(Status.KO(new JsonObject().put("reason", reason(cause))))));
        if (started) {
            run(check);
        }
        return this;
    }

    /** Takes a check away, if there is one of this name; on the event loop the monitor is started on. */
    public void unregister(String name) {
        if (byName.containsKey(name)) {
            checks.unregister(name);
            Map<String, Check> rest = new LinkedHashMap<>(byName);
            rest.remove(name);
            byName = rest;
            states.remove(name);
        }
    }

    /**
     * Adds a reason to look at what a check passes as fine. It shows, and makes the status degraded, but never changes
     * what {@code /ready} answers, not even strictly: callers without a key can bring it about.
     *
     * @param name the check's name
     * @param remark a reason's code, or empty while there is none; asked at every look, from any thread
     */
    public void remark(String name, Supplier<Optional<String>> remark) {
        remarks.put(name, remark);
    }

    /**
     * Adds what operators alone may see of a check: it may name addresses.
     *
     * @param name the check's name
     * @param field where it stands
     * @param detail asked at every look, from any thread; empty: nothing to tell
     */
    public void detail(String name, String field, Supplier<JsonArray> detail) {
        details.put(name, component -> {
            JsonArray told = detail.get();
            if (!told.isEmpty()) {
                component.put(field, told);
            }
        });
    }

    private Optional<String> remark(String name) {
        Supplier<Optional<String>> remark = remarks.get(name);
        return remark == null ? Optional.empty() : remark.get();
    }

    /** Runs every check, and again and again until it is stopped. */
    public void start() {
        started = true;
        byName.values().forEach(this::run);
    }

    /** Runs no check any more. */
    public void stop() {
        stopped = true;
    }

    /** From now on {@code /ready} says no. */
    public void drain() {
        draining = true;
    }

    /** Notes that real traffic has just proved what this check would ask; without effect when there is no such check. */
    public void seen(String name) {
        State now = states.computeIfPresent(name, (n, before) -> before.isUp() ? before : new State(true, true, ""));
        if (now != null) {
            seenNanos.put(name, System.nanoTime());
        }
    }

    private boolean wasSeenLately(Check check) {
        Long seen = seenNanos.get(check.name());
        return seen != null && System.nanoTime() - seen < check.interval().toNanos();
    }

    private void run(Check check) {
        if (stopped || !isCurrent(check)) {
            return;
        }
        if (wasSeenLately(check)) {
            later(check, check.interval().toMillis());
            return;
        }
        checks.checkStatus(check.name()).onComplete(result -> {
            if (!isCurrent(check)) {
                return;
            }
            boolean up = result.succeeded() && CheckResult.isUp(result.result());
            State now = states.computeIfPresent(
                    check.name(),
                    (name, before) -> new State(up, before.hasPassed() || up, up ? "" : why(result.result())));
            long failing = check.isRequired() && !now.hasPassed() ? IMPATIENT_MILLIS : FAILING_MILLIS;
            later(check, up ? check.interval().toMillis() : failing);
        });
    }

    /** Another may have taken its place meanwhile. */
    private boolean isCurrent(Check check) {
        return byName.get(check.name()) == check;
    }

    private void later(Check check, long millis) {
        vertx.setTimer(millis, id -> run(check));
    }

    private static String why(CheckResult result) {
        JsonObject data = result == null ? null : result.getData();
        return data == null ? "no answer" : data.getString("reason", data.getString("cause", "no answer"));
    }

    /** A failure's stable code; never its text, which may name an address. */
    static String reason(Throwable cause) {
        return GatewayFailure.from(cause).reason().code();
    }

    /** Whether every required check has passed once and the process is not draining. */
    public boolean isReady() {
        return !draining
                && byName.values().stream()
                        .filter(Check::isRequired)
                        .allMatch(check ->
                                states.getOrDefault(check.name(), UNKNOWN).hasPassed());
    }

    /** Whether every check passes now. */
    public boolean isAllUp() {
        return states.values().stream().allMatch(State::isUp);
    }

    /** One word: draining, starting, degraded or ok. */
    public String status() {
        if (draining) {
            return "draining";
        }
        if (!isReady()) {
            return "starting";
        }
        boolean remarked =
                byName.keySet().stream().anyMatch(name -> remark(name).isPresent());
        return isAllUp() && !remarked ? "ok" : "degraded";
    }

    /** Whether {@link #drain} was called. */
    public boolean isDraining() {
        return draining;
    }

    /** What each check came to last, by name; one that passes with a remark has that as its reason. */
    public Map<String, State> states() {
        Map<String, State> now = new LinkedHashMap<>();
        byName.keySet().forEach(name -> {
            State state = states.getOrDefault(name, UNKNOWN);
            String reason = state.isUp() ? remark(name).orElse("") : state.reason();
            now.put(name, new State(state.isUp(), state.hasPassed(), reason));
        });
        return now;
    }

    /** The state of each check, without addresses. */
    public JsonArray components() {
        return components(Map.of());
    }

    /** The same with what only operators may see. */
    public JsonArray componentsInDetail() {
        return components(details);
    }

    private JsonArray components(Map<String, Consumer<JsonObject>> shown) {
        JsonArray list = new JsonArray();
        states().forEach((name, state) -> {
            JsonObject component = new JsonObject().put("name", name).put("status", state.isUp() ? "up" : "down");
            if (!state.reason().isEmpty()) {
                component.put("reason", state.reason());
            }
            shown.getOrDefault(name, c -> {}).accept(component);
            list.add(component);
        });
        return list;
    }
}

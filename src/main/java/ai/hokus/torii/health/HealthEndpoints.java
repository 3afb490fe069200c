package ai.hokus.torii.health;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.WholeAnswer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.healthchecks.CheckResult;
import io.vertx.ext.healthchecks.HealthChecks;
import io.vertx.ext.healthchecks.Status;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The health routes' answers. Statuses are written here, not by vertx-health-check's own handler, which answers 500
 * where a probe expects 503. Used on event loops.
 */
public final class HealthEndpoints {

    private static final long TIMEOUT_MILLIS = 5000;

    private final HealthMonitor monitor;
    private final JsonObject build;

    /** Answers from this monitor; {@code build} tells which build this is. */
    public HealthEndpoints(HealthMonitor monitor, JsonObject build) {
        this.monitor = monitor;
        this.build = build;
    }

    /** The event loop answers, nothing else. */
    public void live(HttpServerRequest request) {
        answer(request, 200, new JsonObject().put("status", "ok"));
    }

    /** 200 or 503 as {@link HealthMonitor#isReady()}; with {@code strict=1} 503 whenever a check fails now. */
    public void ready(HttpServerRequest request) {
        ready(request, monitor.components());
    }

    /** The same with what only operators may see. */
    public void readyInDetail(HttpServerRequest request) {
        ready(request, monitor.componentsInDetail());
    }

    private void ready(HttpServerRequest request, JsonArray components) {
        boolean strict = "strict=1".equals(request.query());
        boolean ready = monitor.isReady() && (!strict || monitor.isAllUp());
        answer(request, ready ? 200 : 503, summary(components));
    }

    /** Always 200: an informative summary without secrets or addresses. */
    public void health(HttpServerRequest request) {
        answer(request, 200, summary(monitor.components()).put("build", build));
    }

    private JsonObject summary(JsonArray components) {
        return new JsonObject().put("status", monitor.status()).put("components", components);
    }

    /** Runs these checks now and answers 200 when all pass, else 503; each with its status and reason. */
    public Future<Void> now(Vertx vertx, Exchange exchange, Map<String, Supplier<Future<Void>>> probes) {
        HealthChecks checks = HealthChecks.create(vertx);
        probes.forEach((name, probe) -> checks.register(
                name,
                TIMEOUT_MILLIS,
                promise -> probe.get()
                        .onComplete(
                                v -> promise.tryComplete(Status.OK()),
                                cause -> promise.tryComplete(
                                        Status.KO(new JsonObject().put("reason", HealthMonitor.reason(cause)))))));
        return checks.checkStatus().map(result -> {
            JsonArray components = new JsonArray();
            result.getChecks().forEach(check -> components.add(component(check)));
            boolean up = CheckResult.isUp(result);
            answer(
                    exchange.request(),
                    up ? 200 : 503,
                    new JsonObject().put("status", up ? "ok" : "failing").put("components", components));
            return null;
        });
    }

    private static JsonObject component(CheckResult check) {
        boolean up = CheckResult.isUp(check);
        JsonObject component = new JsonObject().put("name", check.getId()).put("status", up ? "up" : "down");
        if (!up) {
            JsonObject data = check.getData();
            component.put("reason", data == null ? "no_answer" : data.getString("reason", "no_answer"));
        }
        return component;
    }

    private static void answer(HttpServerRequest request, int status, JsonObject json) {
        request.response().setStatusCode(status).putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
        WholeAnswer.write(request, "application/json", json.toBuffer());
    }
}

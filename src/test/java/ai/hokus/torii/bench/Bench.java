package ai.hokus.torii.bench;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;

/** What the profiles share: the stubs, the plan, the report; each profile gets a gateway of its own. */
final class Bench implements AutoCloseable {

    private static final String WARM = "warm";

    private final Plan plan;
    private final Report report;
    private final Vertx stubs = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final Vertx watch = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final AuthStub auth;
    private final MlflowStub mlflow;

    Bench(Plan plan, Report report) throws Exception {
        this.plan = plan;
        this.report = report;
        this.auth = AuthStub.start(stubs);
        this.mlflow = MlflowStub.start(stubs);
    }

    /** A profile, on a gateway that has just been started. */
    interface Profile {
        void measure(Bench bench, GatewayChild gateway) throws Exception;
    }

    void run(String name, Profile profile) throws Exception {
        report.progress(name);
        auth.countAnew(true);
        try (GatewayChild gateway = GatewayChild.start(watch, auth.url(), mlflow.url())) {
            profile.measure(this, gateway);
        }
    }

    /** Lets the gateway load its classes and compile, with {@link Plan#KNOWN_KEYS} keys that it remembers then. */
    void warmUp(LoadLoop loop) throws Exception {
        Answers first = loop.run(Load.of(Plan.NEW_KEYS_RATE, Plan.KNOWN_KEYS, Keys.inTurn(WARM, Plan.KNOWN_KEYS)));
        Answers then = loop.run(Load.lasting(Plan.WARM_UP_RATE, plan.warmUp(), knownKeys()));
        report.promise(first.areAllGood() && then.areAllGood(), "every good key is accepted while warming up");
    }

    /** The keys that {@link #warmUp} has made known. */
    static IntFunction<Call> knownKeys() {
        return Keys.atRandom(WARM, Plan.KNOWN_KEYS);
    }

    void pause(Duration time) throws Exception {
        watch.timer(time.toMillis(), TimeUnit.MILLISECONDS).await(time.toSeconds() + 10, TimeUnit.SECONDS);
    }

    Plan plan() {
        return plan;
    }

    Report report() {
        return report;
    }

    AuthStub auth() {
        return auth;
    }

    ResidentSize watch(GatewayChild gateway) {
        return new ResidentSize(watch, gateway.pid());
    }

    @Override
    public void close() {
        stubs.close();
        watch.close();
    }
}

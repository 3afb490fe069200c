package ai.hokus.torii;

import ai.hokus.torii.admin.Orders;
import ai.hokus.torii.auth.AuthContract;
import ai.hokus.torii.auth.AuthProbe;
import ai.hokus.torii.auth.CachingKeyValidator;
import ai.hokus.torii.auth.ContractWatch;
import ai.hokus.torii.auth.FileKeyValidator;
import ai.hokus.torii.auth.HttpKeyValidator;
import ai.hokus.torii.auth.KeyHasher;
import ai.hokus.torii.auth.KeyValidator;
import ai.hokus.torii.auth.LookUpGate;
import ai.hokus.torii.auth.VerdictMemory;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.config.AuthServiceConfig;
import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.Problem;
import ai.hokus.torii.exchange.KeyCheck;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.telemetry.Meters;
import ai.hokus.torii.tls.TlsWatch;
import com.github.benmanes.caffeine.cache.Ticker;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/** The configured auth source of a process: makes the validator of each event loop, and ends what they share. */
final class AuthSource {

    private static final Duration RETRY = Duration.ofSeconds(2);
    private static final String ACCEPTED = "torii.verdict.cache.accepted";
    private static final String REFUSED = "torii.verdict.cache.refused";
    private static final String UNDER_WAY = "torii.auth.lookups.under.way";
    private static final String BREAKER = "torii.auth.breaker.state";
    private static final String SUSPECT = "torii.auth.contract.suspect";
    private static final String KEYS = "keys";

    private final Function<Vertx, Handle> validators;
    private final Orders orders;
    private final Supplier<Optional<Reason>> complaint;
    private final Function<String, Optional<KeyValidator.Answer>> known;
    private final Runnable shared;

    /**
     * A validator for one event loop.
     *
     * @param validator asks, or remembers
     * @param probe asks the source itself whether it understands us
     * @param close ends both
     */
    record Handle(KeyValidator validator, Supplier<Future<Void>> probe, Runnable close) {}

    private AuthSource(
            Function<Vertx, Handle> validators,
            Orders orders,
            Supplier<Optional<Reason>> complaint,
            Function<String, Optional<KeyValidator.Answer>> known,
            Runnable shared) {
        this.known = known;
        this.validators = validators;
        this.orders = orders;
        this.complaint = complaint;
        this.shared = shared;
    }

    /** Opens it; fails with an {@link InvalidConfigException} when its files cannot be read. */
    static Future<AuthSource> open(Vertx vertx, AuthConfig config, Meters meters) {
        return config.source() instanceof AuthServiceConfig service
                ? TlsEnds.open(
                                vertx,
                                TlsEnds.AUTH,
                                service.tls().files(),
                                service.tls().reloadInterval(),
                                meters)
                        .map(tls -> openService(config, service, meters, tls))
                        .recover(cause -> TlsEnds.problem(cause, "auth.http"))
                : openFile(vertx, (AuthConfig.KeyFile) config.source(), meters);
    }

    private static AuthSource openService(AuthConfig config, AuthServiceConfig service, Meters meters, TlsWatch tls) {
        Ticker ticker = Ticker.systemTicker();
        Clock clock = Clock.systemUTC();
        VerdictMemory memory =
                new VerdictMemory(config.cache(), service.timeout().plus(RETRY), ticker, clock);
        LookUpGate gate = new LookUpGate(config.breaker(), config.unknownKeys(), ticker);
        KeyHasher hasher = KeyHasher.create(service.question().sendClientIp());
        AuthContract contract = new AuthContract(service, ticker);
        ContractWatch watch = new ContractWatch(ticker);
        CachingKeyValidator.Shared shared = new CachingKeyValidator.Shared(
                memory,
                gate,
                hasher,
                meters.counters(
                        "torii.auth.lookups",
                        "Look-ups in the auth service by what they came to; not the probes",
                        "outcome",
                        KeyCheck.outcomes()));
        meters.gauge(ACCEPTED, "Accepted keys that are remembered", memory::acceptances);
        meters.gauge(REFUSED, "Refused keys that are remembered", memory::refusals);
        meters.gauge(UNDER_WAY, "Look-ups that have not ended", shared::underWay);
        String states = "0 closed, 1 probing, 2 open: the auth service is left alone";
        meters.gauge(BREAKER, states, KEYS, "known", () -> gate.state(true));
        meters.gauge(BREAKER, states, KEYS, "unknown", () -> gate.state(false));
        meters.gauge(
                SUSPECT,
                "1 while the auth service is suspected to refuse everybody because of our settings",
                () -> watch.isSuspect() ? 1 : 0);
        return new AuthSource(
                loop -> {
                    HttpKeyValidator http = new HttpKeyValidator(loop, service, contract, tls);
                    KeyValidator watched = watch.over(http, contract.canary(), hasher.sibling());
                    return new Handle(
                            new CachingKeyValidator(watched, shared),
                            () -> AuthProbe.run(http, contract.canary()),
                            http::close);
                },
                new Orders(memory::revoke, memory::purge),
                () -> complaint(watch, gate),
                memory::known,
                tls::close);
    }

    /** A look into the file's keys is as cheap as one into a memory, and never behind the file. */
    private static Future<AuthSource> openFile(Vertx vertx, AuthConfig.KeyFile config, Meters meters) {
        Runnable reloads = meters.counter("torii.key.file.reloads", "Versions of the key file that came into force");
        FileKeyValidator file = new FileKeyValidator(vertx, config, Clock.systemUTC(), reloads);
        Handle handle = new Handle(file, () -> AuthProbe.run(file, Optional.empty()), () -> {});
        return file.start()
                .onSuccess(v -> forgetService(meters))
                .map(v -> new AuthSource(
                        loop -> handle, new Orders(keyId -> {}, () -> {}), Optional::empty, file::known, file::stop))
                .recover(cause -> Future.failedFuture(new InvalidConfigException(
                        List.of(new Problem("auth.file.path", "'" + config.path() + "' " + cause.getMessage())))));
    }

    /** A service that was asked before is none that anybody should be woken for. */
    private static void forgetService(Meters meters) {
        List.of(ACCEPTED, REFUSED, UNDER_WAY, SUSPECT).forEach(meters::forget);
        meters.forget(BREAKER, KEYS, "known");
        meters.forget(BREAKER, KEYS, "unknown");
        TlsEnds.forget(TlsEnds.AUTH, meters);
    }

    /** The validator for the event loop this is called on; its user closes it. */
    Handle validator(Vertx loop) {
        return validators.apply(loop);
    }

    /** What operators may order. A key file's verdicts are not remembered, so that there is nothing to forget. */
    Orders orders() {
        return orders;
    }

    private static Optional<Reason> complaint(ContractWatch watch, LookUpGate gate) {
        if (watch.isSuspect()) {
            return Optional.of(Reason.AUTH_CONTRACT_SUSPECT);
        }
        return gate.failsForKnownKeys() ? Optional.of(Reason.AUTH_UNAVAILABLE) : Optional.empty();
    }

    /** What traffic says against the source, whatever its last check came to; empty: nothing. */
    Optional<Reason> complaint() {
        return complaint.get();
    }

    /** What is known about the key of this name without asking anybody; empty: nothing. */
    Optional<KeyValidator.Answer> known(String keyId) {
        return known.apply(keyId);
    }

    /** Ends what the validators share. */
    void close() {
        shared.run();
    }
}

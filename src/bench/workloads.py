"""Small requests: how many, how fast, at what cost."""

import time

from load import KEY_FORMAT
from processes import BenchError
from results import Case, Result, interleave
from stage import UNCACHED, WITHOUT_LOG, ask

MICROSECONDS = 1e6
REQUESTS = "requests/s"
COSTS = ("cpu us/request", "JIT s", "RSS before", "RSS peak", "errors")
COLUMNS = ("rate", "ratio", *COSTS)
KEYS_PER_SECOND = 180
REGISTRATION_CALLS = 22
SMALL_NOTE = """256 keys take turns, so that no two requests at one time carry the same key. Torii as it is shipped,
and as "uncached" with verdicts that are remembered for 0 s: it asks for every request, as nginx auth_request does."""


def warm_up(case, seconds):
    """Gives a case its own load until a JVM has compiled what matters."""
    ends = time.monotonic() + seconds
    while case.target.is_java and time.monotonic() < ends:
        case.load(case.target.port)


def compare(targets, load, plan):
    """The same load on every target, warmed up, in interleaved rounds."""
    cases = [Case(target.name, target, load, target.memory()) for target in targets]
    for case in cases:
        warm_up(case, plan.warm_up)
    return interleave(cases, plan.rounds, MICROSECONDS)


def _nginx_plain(stage):
    return stage.nginx("nginx plain", "nginx_plain")


def _nginx_auth(stage):
    return stage.nginx("nginx auth_request", "nginx_auth")


def _nginx_cached(stage):
    return stage.nginx("nginx auth_request, cached", "nginx_cached")


def _haproxy(stage):
    return stage.haproxy("HAProxy", "haproxy_plain")


def _caddy_auth(stage):
    return stage.caddy("Caddy forward_auth", "caddy_auth")


def _targets(stage, *makers):
    return [stage.direct(), *(maker(stage) for maker in makers)]


def small(bench):
    """log-metric over 64 kept-alive connections."""
    with bench.stage() as stage:
        targets = _targets(stage, _nginx_plain, _nginx_auth, _caddy_auth)
        if not bench.plan.is_quick:
            targets += [_nginx_cached(stage), _haproxy(stage)]
            targets.append(stage.torii("Torii without access log", java=WITHOUT_LOG))
        targets += [stage.torii(), stage.torii("Torii, uncached", settings=UNCACHED)]
        samples = compare(targets, lambda port: bench.loads.small(port, bench.plan.seconds), bench.plan)
    peers = tuple(target.name for target in targets if target.process and not target.is_java)
    return [Result("small", "Small requests, 64 kept-alive connections", REQUESTS, samples, COLUMNS, peers, SMALL_NOTE)]


def auth5ms(bench):
    """The same with an auth service that takes 5 ms and is asked every time."""
    with bench.stage() as stage:
        targets = [
            stage.nginx("nginx auth_request", "nginx_late"),
            stage.caddy("Caddy forward_auth", "caddy_late"),
            stage.torii("Torii, uncached", auth="late", settings=UNCACHED),
        ]
        samples = compare(targets, lambda port: bench.loads.small(port, bench.plan.seconds), bench.plan)
    peers = ("nginx auth_request", "Caddy forward_auth")
    title = "Small requests, an auth service that takes 5 ms, asked every time"
    return [Result("auth5ms", title, REQUESTS, samples, COLUMNS, peers)]


def registration(bench):
    """The 22 calls of a registration, replayed."""
    with bench.stage() as stage:
        targets = _targets(stage, _nginx_plain, _nginx_auth, _nginx_cached) + [stage.torii()]
        samples = compare(targets, lambda port: bench.loads.registration(port, bench.plan.seconds), bench.plan)
    for sample in (sample for rounds in samples.values() for sample in rounds):
        sample.rate /= REGISTRATION_CALLS
    peers = ("nginx plain", "nginx auth_request", "nginx auth_request, cached")
    title = f"Registrations of {REGISTRATION_CALLS} calls each, 16 kept-alive connections"
    return [Result("registration", title, "registrations/s", samples, COLUMNS, peers)]


def latency(bench):
    """Times of log-metric at a rate that everybody can serve."""
    with bench.stage() as stage:
        targets = _targets(stage, _nginx_plain)
        if not bench.plan.is_quick:
            targets += [maker(stage) for maker in (_nginx_auth, _nginx_cached, _haproxy, _caddy_auth)]
        targets.append(stage.torii())
        samples = compare(targets, lambda port: bench.loads.fixed_rate(port, bench.plan.latency_seconds), bench.plan)
    for rounds in samples.values():
        for sample, direct in zip(rounds, samples["direct"]):
            sample.p50_added = sample.p50 - direct.p50
    peers = ("nginx plain", "nginx auth_request") if "nginx auth_request" in samples else ("nginx plain",)
    columns = ("rate", "p50 us", "p99 us", "p50 added", "ratio of p50 added", *COSTS)
    return [Result("latency", "Times at 2,000 requests/s, 16 connections", REQUESTS, samples, columns, peers)]


def churn(bench):
    """A new connection for every request."""
    with bench.stage() as stage:
        targets = _targets(stage, _nginx_plain, _nginx_auth, _haproxy, _caddy_auth) + [stage.torii()]
        samples = compare(targets, lambda port: bench.loads.small(port, bench.plan.seconds, close=True), bench.plan)
    peers = ("nginx plain", "nginx auth_request", "HAProxy", "Caddy forward_auth")
    return [Result("churn", "A new connection for every request, 64 at once", REQUESTS, samples, COLUMNS, peers)]


def _prime(port, keys):
    """Shows the gateway every key once, slower than its budget for unknown keys."""
    started = time.monotonic()
    for number in range(keys):
        time.sleep(max(0, started + number / KEYS_PER_SECOND - time.monotonic()))
        seen = ask(port, KEY_FORMAT % number)
        if seen != 200:
            raise BenchError(f"key {number} of {keys} was answered {seen}")


def scaling(bench):
    """Torii alone: event loops and connections, then keys."""
    plan = bench.plan
    rounds = max(1, plan.rounds // 2)

    def case(target, connections, keys):
        name = f"{target.name}, connections: {connections:,}, keys: {keys:,}"
        return Case(name, target, lambda port: bench.loads.small(port, plan.seconds, connections, keys))

    with bench.stage() as stage:
        one = stage.torii("instances: 1", settings={"TORII_API_INSTANCES": "1"})
        two = stage.torii("instances: 2", settings={"TORII_API_INSTANCES": "2"})
        for target in (one, two):
            warm_up(case(target, 64, 1), plan.warm_up)
        connections = [case(target, count, 1) for target in (one, two) for count in (1, 64, 1000)]
        by_connections = interleave(connections, rounds, MICROSECONDS)
        _prime(two.port, max(plan.keys))
        by_keys = interleave([case(two, 64, keys) for keys in plan.keys], rounds, MICROSECONDS)
    columns = ("rate", "cpu us/request", "JIT s", "RSS peak", "errors")
    return [
        Result("scaling", "Torii by event loops and connections", REQUESTS, by_connections, columns),
        Result("scaling by keys", "Torii by keys in turn", REQUESTS, by_keys, columns),
    ]

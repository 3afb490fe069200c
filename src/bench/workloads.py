"""Small requests: how many, how fast, at what cost."""

import time

from results import Case, Result, interleave
from stage import UNCACHED, WITHOUT_LOG

MICROSECONDS = 1e6
REQUESTS = "requests/s"
COLUMNS = ("rate", "ratio", "cpu us/request", "JIT s", "RSS before", "RSS peak", "errors")
SMALL_NOTE = """256 keys take turns, so that no two requests at one time carry the same key. Torii as it is shipped,
and as "uncached" with verdicts that are remembered for 0 s: it asks for every request, as nginx auth_request does."""


def warm_up(case, seconds):
    """Gives a case its own load until a JVM has compiled what matters."""
    ends = time.monotonic() + seconds
    while case.target.is_java and time.monotonic() < ends:
        case.load(case.target.port)


def compare(targets, load, plan, unit_factor=MICROSECONDS, rounds=None):
    """The same load on every target, warmed up, in interleaved rounds."""
    cases = [Case(target.name, target, load, target.memory()) for target in targets]
    for case in cases:
        warm_up(case, plan.warm_up)
    return interleave(cases, rounds or plan.rounds, unit_factor)


def small(bench):
    """log-metric over 64 kept-alive connections."""
    with bench.stage() as stage:
        targets = [
            stage.direct(),
            stage.nginx("nginx plain", "nginx_plain"),
            stage.nginx("nginx auth_request", "nginx_auth"),
            stage.nginx("nginx auth_request, cached", "nginx_cached"),
            stage.haproxy("HAProxy", "haproxy_plain"),
            stage.caddy("Caddy forward_auth", "caddy_auth"),
            stage.torii("Torii"),
            stage.torii("Torii, uncached", settings=UNCACHED),
        ]
        if not bench.plan.is_quick:
            targets.append(stage.torii("Torii without access log", java=WITHOUT_LOG))
        samples = compare(targets, lambda port: bench.loads.small(port, bench.plan.seconds), bench.plan)
    peers = ("nginx plain", "nginx auth_request", "nginx auth_request, cached", "HAProxy", "Caddy forward_auth")
    return [Result("small", "Small requests, 64 kept-alive connections", REQUESTS, samples, COLUMNS, peers, SMALL_NOTE)]

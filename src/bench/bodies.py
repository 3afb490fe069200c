"""Uploads and downloads: how many MiB a second, at what cost, in how much memory."""

import itertools
import time

from processes import wait_for_port
from results import Case, Result, interleave
from workloads import warm_up

MIB_PER_SECOND = "MiB/s"
COLUMNS = ("rate", "ratio", "cpu s/GiB", "JIT s", "RSS before", "RSS peak", "RSS high water", "errors")
NGINX = "nginx unbuffered"
PARALLEL = 16
IDLE_SECONDS = 10


def _peers(bench, stage):
    """What bodies are sent through beside the gateway; a quick run has nginx alone."""
    targets = [stage.nginx(NGINX, "nginx_bodies")]
    if not bench.plan.is_quick:
        targets.append(stage.nginx("nginx unbuffered, large buffers", "nginx_large"))
        targets.append(stage.haproxy("HAProxy", "haproxy_bodies"))
        targets.append(stage.caddy("Caddy", "caddy_bodies"))
    return targets


def _cases(targets, send, size, count):
    """So many transfers at once through each target."""
    return [Case(target.name, target, lambda port: send(port, size, count), target.memory()) for target in targets]


def _transfers(bench, name, send):
    """One transfer at a time, then many; a JVM is warmed up with both before."""
    plan = bench.plan
    sizes = {1: plan.single, PARALLEL: plan.parallel}
    with bench.stage() as stage:
        peers = _peers(bench, stage)
        targets = [stage.direct("sink"), *peers, stage.torii(mlflow="sink")]
        cases = {count: _cases(targets, send, size, count) for count, size in sizes.items()}
        for case in itertools.chain(*cases.values()):
            warm_up(case, plan.warm_up / len(cases))
        samples = {count: interleave(cases[count], plan.rounds) for count in sizes}
    return [_result(name, count, size, samples[count], peers) for count, size in sizes.items()]


def _result(name, count, size, samples, peers):
    title = f"One {name} of {size:,} MiB" if count == 1 else f"{count} {name}s at once, {size:,} MiB each"
    names = tuple(peer.name for peer in peers)
    return Result(f"{name} {count}", title, MIB_PER_SECOND, samples, COLUMNS, names)


def upload(bench):
    """PUTs to a sink that throws them away."""
    return _transfers(bench, "upload", bench.loads.upload)


def download(bench):
    """GETs from a source that sends from memory."""
    return _transfers(bench, "download", bench.loads.download)


def slow(bench):
    """Memory while a fast caller sends more than a slow upstream takes."""
    plan = bench.plan

    def send(port):
        return bench.loads.upload(port, plan.slow, PARALLEL, "slow-upload")

    with bench.stage() as stage:
        torii = stage.new_torii(mlflow="sink")
        targets = [*_peers(bench, stage), torii]
        wait_for_port(torii.port, torii.process)
        time.sleep(IDLE_SECONDS)
        samples = interleave([Case(target.name, target, send, target.memory()) for target in targets], 1)
    title = f"{PARALLEL} uploads at once, {plan.slow} MiB each, to an upstream that takes 10 MB/s from each"
    columns = ("rate", "RSS idle", "RSS peak", "RSS high water", "cpu s/GiB", "errors")
    return [Result("slow", title, MIB_PER_SECOND, samples, columns)]

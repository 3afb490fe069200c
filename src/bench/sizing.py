"""What a gateway of one core and of two can do, and what it takes: python3 src/bench/sizing.py [--only PARTS] [--jdk HOME].

Prints the tables of src/docs/sizing.md in Markdown. The gateway runs with the JVM options of the image, told that it has
the memory of the manifests' limit. "One core" is a gateway that has core 0 for itself while everything else is on the
others; "two cores" is one that shares all cores with the load. Exit code 2: it could not measure.
"""

import argparse
import contextlib
import datetime
import os
import resource
import socket
import sys
import time
from statistics import median

from load import KEY, SMALL, SMALL_BODY, Loads
from measure import Watch
from processes import BenchError, Scope
from report import table
from stage import UNCACHED, Stage, wait_for_answer
from tools import PROJECT, check_jar, compile_natives, find_java, find_tools, machine

NEEDED = {"nginx": "nginx", "wrk": "wrk", "h2load": "nghttp2-client", "cc": "gcc libc6-dev"}
IMAGE_OPTIONS = PROJECT / "src" / "image" / "jvm.options"
MEMORY_LIMIT = "768m"
WARM_UP = 20
SECONDS = 4
ROUNDS = 3
CONNECTIONS = 64
SHARES = (0.25, 0.5, 0.65, 0.8, 0.9)
P99_THAT_HOLDS = 20_000
SERVED_THAT_HOLDS = 0.98
IDLE_SECONDS = 10
HELD = (100, 1000, 5000)
TRANSFERS = {1: 1024, 16: 128, 64: 32}
SLOW_TRANSFERS = 64
SLOW_MIB = 48
VERDICTS = {"verdicts remembered": {}, "every verdict asked for": UNCACHED}


class Sizes:
    """Gateways on cores of their own, and the loads they get."""

    def __init__(self, scope, tools, java):
        self._tools, self._java = tools, java
        self._natives = compile_natives(tools["cc"], scope.folder())
        self._all = os.sched_getaffinity(0)
        if len(self._all) < 2:
            raise BenchError("one core is too few: the load needs another one than the gateway")
        self.loads = Loads(tools, self._natives, scope.folder())

    @contextlib.contextmanager
    def gateway(self, cores, mlflow="upstream", settings=None):
        """A gateway that has answered; the load and the stubs are on the other cores, if it leaves any."""
        own = set(sorted(self._all)[:cores])
        # What is started inherits the cores of who starts it, and a JVM counts its cores at the start.
        self._stay_on(self._all - own or self._all)
        try:
            with Stage(self._tools, self._java, self._natives) as stage:
                self._stay_on(own)
                target = stage.new_torii(mlflow=mlflow, settings=settings, java=jvm(stage.scratch))
                self._stay_on(self._all - own or self._all)
                if mlflow == "upstream":
                    wait_for_answer(target)
                yield target
        finally:
            self._stay_on(self._all)

    @staticmethod
    def _stay_on(cores):
        os.sched_setaffinity(0, cores)


def jvm(scratch):
    """The image's options; what the JVM reads from the container's limit is told it here."""
    if IMAGE_OPTIONS.is_file():
        # The image's temporary folder is a volume that is not here.
        return f"@{IMAGE_OPTIONS.relative_to(PROJECT)}", f"-XX:MaxRAM={MEMORY_LIMIT}", f"-Djava.io.tmpdir={scratch}"
    return ("@conf/jvm.options",)


def observed(target, load):
    """A load and its outcome, CPU seconds without the JVM's compilers, and the highest memory in MiB."""
    with Watch(target.pid) as watch:
        outcome = load()
    return outcome, watch.cpu, watch.peak


def calls(sizes):
    """Small calls: as many as there can be, the CPU time of each, and the most at which p99 stays low."""
    rows, steps = [], []
    for cores in (1, 2):
        for name, settings in VERDICTS.items():
            with sizes.gateway(cores, settings=settings) as target:
                sizes.loads.small(target.port, WARM_UP, CONNECTIONS)
                rounds = [
                    observed(target, lambda: sizes.loads.small(target.port, SECONDS, CONNECTIONS))
                    for _ in range(ROUNDS)
                ]
                most = median(outcome.rate for outcome, _, _ in rounds)
                micros = median(cpu / outcome.work * 1e6 for outcome, cpu, _ in rounds)
                errors = sum(outcome.errors for outcome, _, _ in rounds)
                peak = max(peak for _, _, peak in rounds)
                rows.append([str(cores), name, f"{most:,.0f}", f"{micros:.1f}", f"{peak:.0f}", str(errors)])
                # At a fixed rate there is one key alone, whose look-ups would be shared.
                if cores == 1 and not settings:
                    steps += _steps(sizes, target, most)
    print(table(("cores", "", "calls/s", "CPU us a call", "MiB", "errors"), rows))
    print()
    print(table(("one core: calls/s asked for", "served", "core busy", "p50 ms", "p99 ms", "errors"), steps))


def _steps(sizes, target, most):
    """The same at fixed rates below the most."""
    for share in SHARES:
        rate = max(1, int(most * share / CONNECTIONS))
        outcome, cpu, _ = observed(
            target, lambda: sizes.loads.fixed_rate(target.port, SECONDS, CONNECTIONS, rate)
        )
        holds = outcome.p99 <= P99_THAT_HOLDS and outcome.rate >= rate * CONNECTIONS * SERVED_THAT_HOLDS
        yield [
            f"{rate * CONNECTIONS:,} ({share:.0%})",
            f"{outcome.rate:,.0f}",
            f"{cpu / SECONDS:.0%}",
            f"{outcome.p50 / 1000:.1f}",
            f"{outcome.p99 / 1000:.1f}" + ("" if holds else " (does not hold)"),
            str(outcome.errors),
        ]


def connections(sizes):
    """Memory of a fresh gateway, and with connections that have made a call and stay open."""
    with sizes.gateway(1) as target:
        time.sleep(IDLE_SECONDS)
        rows = [["idle, nothing open", f"{target.memory():.0f}", "–"]]
        held, before, base = [], 0, target.memory()
        try:
            for count in HELD:
                held += [_called(target.port) for _ in range(count - before)]
                time.sleep(IDLE_SECONDS / 3)
                now = target.memory()
                rows.append([f"{count:,} open connections", f"{now:.0f}", f"{(now - base) / (count - before) * 1024:.0f}"])
                before, base = count, now
        finally:
            for connection in held:
                connection.close()
    print(table(("", "MiB", "KiB for each of those added"), rows))


def _called(port):
    """A connection on which a call was answered."""
    connection = socket.create_connection(("127.0.0.1", port), 10)
    body = SMALL_BODY.read_bytes()
    head = f"POST {SMALL} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
        raise BenchError("a call on a connection of its own was not answered with 200")
    return connection


def transfers(sizes):
    """Bodies through one core: how many MiB a second, CPU time for a GiB, and memory."""
    rows = []
    for name in ("upload", "download"):
        with sizes.gateway(1, mlflow="sink") as target:
            send = getattr(sizes.loads, name)
            _until_served(target, send)
            for _ in range(4):
                send(target.port, TRANSFERS[16], 16)
            for count, size in TRANSFERS.items():
                rounds = [observed(target, lambda: send(target.port, size, count)) for _ in range(ROUNDS)]
                rows.append(
                    [
                        f"{count} {name}{'s' if count > 1 else ''} at once",
                        f"{median(outcome.rate for outcome, _, _ in rounds):,.0f}",
                        f"{median(cpu / outcome.work for outcome, cpu, _ in rounds):.2f}",
                        f"{max(peak for _, _, peak in rounds):.0f}",
                        str(sum(outcome.errors for outcome, _, _ in rounds)),
                    ]
                )
            if name == "upload":
                rows.append(_slow_uploads(sizes, target))
    print(table(("one core", "MiB/s", "CPU s a GiB", "MiB", "errors"), rows))


def _slow_uploads(sizes, target):
    """Buffers are full when MLflow takes less than callers send."""
    outcome, cpu, peak = observed(
        target, lambda: sizes.loads.upload(target.port, SLOW_MIB, SLOW_TRANSFERS, "slow-upload")
    )
    name = f"{SLOW_TRANSFERS} uploads at once, an MLflow that takes 10 MB/s of each"
    return [name, f"{outcome.rate:,.0f}", f"{cpu / outcome.work:.2f}", f"{peak:.0f}", str(outcome.errors)]


def _until_served(target, send, seconds=20):
    """The sink is no MLflow and answers no small call, so small transfers are tried."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(BenchError):
            if send(target.port, 1, 1).errors == 0:
                return
        time.sleep(0.2)
    raise BenchError("the gateway does not pass transfers on")


PARTS = {"calls": calls, "connections": connections, "transfers": transfers}


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="PARTS", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--jdk", metavar="HOME")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    check_jar()
    tools, java = find_tools(NEEDED), find_java(options.jdk)
    print(f"{datetime.datetime.now().astimezone():%Y-%m-%d %H:%M %z}, {machine()}, {java.parents[1].name}\n")
    with Scope() as scope:
        sizes = Sizes(scope, tools, java)
        for name in options.only.split(","):
            PARTS[name](sizes)
            print(flush=True)


if __name__ == "__main__":
    try:
        main()
    except BenchError as failure:
        print(failure, file=sys.stderr)
        sys.exit(2)

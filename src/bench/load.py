"""Sends requests and bodies, and reads what the load generators print."""

import dataclasses
import re

from processes import BenchError, run
from tools import BENCH

KEY_FORMAT = "hk_test_TestOnlyBenchKey%016d"
KEY = KEY_FORMAT % 0
SMALL = "/api/mlflow/api/2.0/mlflow/runs/log-metric"
SMALL_BODY = BENCH / "lua" / "small.json"
ARTIFACTS = "/api/mlflow/api/2.0/mlflow-artifacts/artifacts/1/"
GRACE = 30
MIB = 2**20
TIME_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}


@dataclasses.dataclass
class Outcome:
    """What one load achieved: a rate, the work done in all (requests or GiB), and what went wrong."""

    rate: float
    work: float
    errors: int = 0
    problem: str = ""
    p50: float = None
    p99: float = None


class Loads:
    """The load generators of this run."""

    def __init__(self, tools, natives, scratch):
        self._tools, self._natives, self._scratch = tools, natives, scratch

    def small(self, port, seconds, connections=64, keys=256, close=False):
        """log-metric calls over kept-alive connections, or a new one for each; the keys take turns."""
        arguments = [SMALL_BODY, KEY_FORMAT, keys] + (["close"] if close else [])
        return self._wrk(port, seconds, connections, "small.lua", arguments)

    def registration(self, port, seconds, connections=16):
        """The 22 calls of a registration, over and over."""
        return self._wrk(port, seconds, connections, "registration.lua", [KEY])

    def _wrk(self, port, seconds, connections, script, arguments):
        command = [self._tools["wrk"], "-t", 1, "-c", connections, "-d", f"{seconds}s", "--timeout", "10s"]
        command += ["-s", BENCH / "lua" / script, f"http://127.0.0.1:{port}/", "--", *arguments]
        printed = run(command, seconds + GRACE)
        done = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m),", printed)
        if not done:
            raise BenchError(f"wrk printed no result:\n{printed}")
        requests = int(done.group(1))
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
        broken = re.search(r"Socket errors: (.*)", printed)
        errors = int(refused.group(1)) if refused else 0
        if broken:
            errors += sum(int(number) for number in re.findall(r"\d+", broken.group(1)))
        return Outcome(
            rate=requests / (float(done.group(2)) * TIME_UNITS[done.group(3)]),
            work=requests,
            errors=errors,
            problem=" ".join(found.group(0) for found in (refused, broken) if found),
        )

    def fixed_rate(self, port, seconds, connections=16, rate=125):
        """log-metric calls at a fixed rate per connection; times in microseconds."""
        log = self._scratch / "h2load.log"
        log.unlink(missing_ok=True)
        command = [self._tools["h2load"], "--h1", "-t", 1, "-c", connections, f"--rps={rate}", "-D", seconds]
        command += ["-d", SMALL_BODY, "-H", "Content-Type: application/json"]
        command += ["-H", f"Authorization: Bearer {KEY}", f"--log-file={log}", f"http://127.0.0.1:{port}{SMALL}"]
        printed = run(command, seconds + GRACE)
        lines = [line.split() for line in log.read_text().splitlines()]
        if not lines:
            raise BenchError(f"h2load sent nothing:\n{printed}")
        times = sorted(int(line[2]) for line in lines)
        errors = sum(line[1] != "200" for line in lines)
        return Outcome(
            rate=len(lines) / seconds,
            work=len(lines),
            errors=errors,
            problem=f"{errors} answers other than 200" if errors else "",
            p50=times[len(times) // 2],
            p99=times[len(times) * 99 // 100],
        )

    def upload(self, port, size, connections, name="upload"):
        """So many PUTs at once of so many MiB each; the rate is in MiB/s, the work in GiB."""
        return self._transfer("put", port, name, size, connections)

    def download(self, port, size, connections):
        """So many GETs at once of so many MiB each."""
        return self._transfer("get", port, f"big-{size * MIB}", size, connections)

    def _transfer(self, method, port, name, size, connections):
        command = [self._natives / "transfer", method, port, ARTIFACTS + name, size * MIB, connections, KEY]
        seconds, failures = run(command, timeout=150).split()
        total = size * connections
        return Outcome(
            rate=total / float(seconds),
            work=total / 1024,
            errors=int(failures),
            problem=f"{failures} transfers failed" if failures != "0" else "",
        )

"""Measures Torii beside its peers on this machine: python3 src/bench/run.py [--quick] (see README.md beside it).

Exit code 0: everything was measured without an error. 1: some requests failed; the report marks them. 2: it could not
measure. Missed goals never fail it.
"""

import argparse
import dataclasses
import datetime
import pathlib
import signal
import sys
import time

import bodies
import chart
import report
import starting
import workloads
from load import Loads
from plan import FULL, QUICK
from processes import BenchError, Scope
from stage import Stage
from tools import PROJECT, check_jar, compile_natives, find_java, find_tools, machine, versions

WORKLOADS = {
    "small": workloads.small,
    "auth5ms": workloads.auth5ms,
    "registration": workloads.registration,
    "latency": workloads.latency,
    "upload": bodies.upload,
    "download": bodies.download,
    "slow": bodies.slow,
    "churn": workloads.churn,
    "scaling": workloads.scaling,
    "start": starting.start,
    "image": starting.image,
}
WITHOUT_GOALS = ("auth5ms", "registration", "churn", "scaling", "image")


class Bench:
    """What every workload needs: the plan, the loads, and a stage of its own."""

    def __init__(self, scope, plan, tools, java):
        self.plan = plan
        self._tools, self._java = tools, java
        scratch = scope.folder()
        self._natives = compile_natives(tools["cc"], scratch)
        self.loads = Loads(tools, self._natives, scratch)

    def stage(self):
        """Fresh stubs, peers and gateways."""
        return Stage(self._tools, self._java, self._natives)


def parse(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="under three minutes, for daily use")
    parser.add_argument("--only", metavar="WORKLOADS", help=f"separated by commas: {', '.join(WORKLOADS)}")
    parser.add_argument("--jdk", metavar="HOME", help="the JDK for the gateway; default: the newest one found")
    parser.add_argument("--out", metavar="DIR", type=pathlib.Path, default=PROJECT / "target" / "bench-run")
    parser.add_argument("--rounds", metavar="N", type=int, help="rounds of each comparison")
    options = parser.parse_args(arguments)
    default = [name for name in WORKLOADS if not (options.quick and name in WITHOUT_GOALS)]
    options.workloads = options.only.split(",") if options.only else default
    unknown = [name for name in options.workloads if name not in WORKLOADS]
    if unknown:
        parser.error(f"no such workload: {', '.join(unknown)}; there are {', '.join(WORKLOADS)}")
    return options


def measure(options, bench):
    """Every wanted workload; one that cannot be measured does not keep the others from it."""
    results, failures = [], []
    for name in options.workloads:
        started = time.monotonic()
        print(f"{name} ...", end=" ", flush=True)
        try:
            results += WORKLOADS[name](bench)
            print(f"{time.monotonic() - started:.0f} s", flush=True)
        except (BenchError, OSError, ValueError) as failure:
            failures.append(f"{name}: {failure}")
            print(f"could not be measured: {failure}", flush=True)
    return results, failures


def run(options):
    """Measures, reports, and returns the exit code."""
    tools, java = find_tools(), find_java(options.jdk)
    check_jar()
    print(f"Torii runs on {java}", flush=True)
    plan = QUICK if options.quick else FULL
    plan = dataclasses.replace(plan, rounds=options.rounds or plan.rounds)
    options.out.mkdir(parents=True, exist_ok=True)
    with Scope() as scope:
        results, failures = measure(options, Bench(scope, plan, tools, java))
    caption = f"{datetime.datetime.now().astimezone():%Y-%m-%d %H:%M %z}, {machine()}"
    caption += "; a quick run, for daily use only" if plan.is_quick else ""
    head = report.head(caption, versions(tools, java), plan)
    samples = report.save(options.out, head, caption, results)
    no_chart = chart.make(results, samples, options.out / "chart.png")
    print(report.write(options.out, head, results, failures + ([no_chart] if no_chart else [])))
    print(f"Written to {options.out}")
    return 2 if failures else 1 if any(result.errors for result in results) else 0


def interrupt(*_):
    """A request to end is handled as Ctrl-C is: everything that was started is ended."""
    raise KeyboardInterrupt


def main():
    """Runs, and turns what went wrong into a sentence and an exit code."""
    signal.signal(signal.SIGTERM, interrupt)
    try:
        return run(parse(sys.argv[1:]))
    except BenchError as failure:
        print(f"Could not measure: {failure}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())

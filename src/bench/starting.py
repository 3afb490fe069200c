"""The first seconds of a gateway's life."""

import time

from measure import Watch
from processes import end
from results import Case, Result, Sample, observe
from stage import AS_SHIPPED, PLAIN_JAVA, wait_for_answer
from workloads import MICROSECONDS, REQUESTS

FORMS = {"@conf/jvm.options": AS_SHIPPED, "plain java -jar": PLAIN_JAVA}
STEP_SECONDS = 2
MANY = 64


def _start_once(stage, name, java):
    """One start, up to the first proxied 200; the CPU time is the whole process's, with the JVM's compilers."""
    started = time.monotonic()
    target = stage.new_torii(name, java=java)
    with Watch(target.pid, from_birth=True) as watch:
        wait_for_answer(target)
        seconds = time.monotonic() - started
    sample = Sample(rate=seconds, cpu=watch.cpu + watch.compilers_cpu, idle=target.memory())
    end(target.process)
    return sample


def _ramp(bench, stage):
    """Requests/s and CPU in each step from the first request on."""
    target = stage.torii("Torii")
    steps = range(0, bench.plan.ramp_seconds, STEP_SECONDS)
    case = Case("", target, lambda port: bench.loads.small(port, STEP_SECONDS, MANY, keys=1))
    return {f"{step}–{step + STEP_SECONDS} s": [observe(case, MICROSECONDS)] for step in steps}


def start(bench):
    """Starts again and again, then the first seconds under full load."""
    samples = {form: [] for form in FORMS}
    with bench.stage() as stage:
        for number in range(bench.plan.starts):
            for form, java in FORMS.items():
                samples[form].append(_start_once(stage, f"{form} {number}", java))
        ramp = _ramp(bench, stage)
    title = "From the start of the process to the first proxied 200"
    columns = ("rate", "CPU s", "RSS MiB", "errors")
    ramp_columns = ("rate", "cpu us/request", "JIT s", "errors")
    return [
        Result("start", title, "seconds", samples, columns),
        Result("ramp", "The first seconds under full load", REQUESTS, ramp, ramp_columns),
    ]

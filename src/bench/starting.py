"""The first seconds of a gateway's life."""

import shutil
import time

from measure import Watch, family, memory
from processes import end
from results import Case, Result, Sample, observe
from stage import AS_SHIPPED, PLAIN_JAVA, wait_for_answer
from tools import PROJECT
from workloads import MICROSECONDS, REQUESTS

FORMS = {"@conf/jvm.options": AS_SHIPPED, "plain java -jar": PLAIN_JAVA}
STEP_SECONDS = 2
MANY = 64
# The native heap is trimmed every five seconds.
SETTLED_SECONDS = 12
# What -XX:MaxRAMPercentage makes of a limit of 768 MiB.
HEAP = "-Xmx268m"


def _start_once(stage, name, java, jar=None, settled=0):
    """One start, up to the first proxied 200; the CPU time is the whole process's, with the JVM's compilers.

    Its memory is that of so many seconds later.
    """
    started = time.monotonic()
    target = stage.new_torii(name, java=java, jar=jar)
    with Watch(target.pid, from_birth=True) as watch:
        wait_for_answer(target)
        seconds = time.monotonic() - started
    time.sleep(settled)
    sample = Sample(rate=seconds, cpu=watch.cpu + watch.compilers_cpu, idle=target.memory())
    sample.anonymous = memory(family(target.pid), "RssAnon")
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


def _lay_out(stage):
    """The files of the image in a folder, with the archive made as the Dockerfile makes it."""
    place = stage.folder()
    shutil.copytree(PROJECT / "target" / "image" / "lib", place / "lib")
    jar = shutil.copy2(PROJECT / "target" / "image" / "torii-app.jar", place / "torii.jar")
    options = [f"@{PROJECT / 'src' / 'image' / 'jvm.options'}", HEAP, f"-Djava.io.tmpdir={place}"]
    stage.run_java([*options, f"-XX:AOTCacheOutput={place / 'torii.aot'}", "-jar", jar, "rehearse"])
    return jar, {"with its archive": [*options, f"-XX:AOTCache={place / 'torii.aot'}"], "without": options}


def image(bench):
    """Starts the image's files again and again, and lets each rest before its memory is read."""
    with bench.stage() as stage:
        jar, forms = _lay_out(stage)
        samples = {form: [] for form in forms}
        for number in range(bench.plan.starts):
            for form, java in forms.items():
                samples[form].append(_start_once(stage, f"{form} {number}", java, jar, SETTLED_SECONDS))
    title = f"The container image: start to the first proxied 200, memory {SETTLED_SECONDS} s later"
    columns = ("rate", "ratio", "CPU s", "RSS MiB", "of it anonymous", "errors")
    return [Result("image", title, "seconds", samples, columns, peers=("without",))]

"""CPU time and memory of a process and its children, from /proc."""

import os
import pathlib
import threading

TICKS = os.sysconf("SC_CLK_TCK")
COMPILERS = ("C1 CompilerThre", "C2 CompilerThre")
PROC = pathlib.Path("/proc")


def _stat(path):
    """The name in a stat file and the fields behind it; None when the process or thread is gone."""
    try:
        text = path.read_text()
    except OSError:
        return None
    name_ends = text.rindex(")")
    return text[text.index("(") + 1 : name_ends], text[name_ends + 2 :].split()


def family(pid):
    """The process and all its descendants."""
    children = {}
    for folder in PROC.iterdir():
        stat = folder.name.isdigit() and _stat(folder / "stat")
        if stat:
            children.setdefault(int(stat[1][1]), []).append(int(folder.name))
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], [])
    return found


def _threads(pids):
    """CPU seconds by thread; whether it is one of the JVM's compilers stands beside them."""
    seconds = {}
    for pid in pids:
        for folder in (PROC / str(pid) / "task").glob("*"):
            stat = _stat(folder / "stat")
            if stat:
                name, fields = stat
                seconds[folder.name] = (int(fields[11]) + int(fields[12])) / TICKS, name in COMPILERS
    return seconds


def memory(pids, field="VmRSS"):
    """Memory of the processes together, in MiB."""
    total = 0
    for pid in pids:
        try:
            lines = (PROC / str(pid) / "status").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith(field + ":"))
    return total / 1024


class Watch:
    """What a process and its children use in this context, or since their birth; nobody (pid None) uses nothing."""

    INTERVAL = 0.1

    def __init__(self, pid, from_birth=False):
        self._from_birth = from_birth
        self._pids = family(pid) if pid else []
        self._ended = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self.cpu = self.compilers_cpu = self.peak = self.high_water = 0

    def __enter__(self):
        self._before = {} if self._from_birth else _threads(self._pids)
        if self._pids:
            self._sampler.start()
        return self

    def __exit__(self, *_):
        for thread, (seconds, is_compiler) in _threads(self._pids).items():
            used = seconds - self._before.get(thread, (0, is_compiler))[0]
            if is_compiler:
                self.compilers_cpu += used
            else:
                self.cpu += used
        self._ended.set()
        if self._pids:
            self._sampler.join()
        self.high_water = memory(self._pids, "VmHWM")

    def _sample(self):
        while not self._ended.wait(self.INTERVAL):
            self.peak = max(self.peak, memory(self._pids))

"""The report as Markdown, and every sample as JSON."""

import dataclasses
import json

from goals import GOALS
from peers import CHANGES
from stage import AS_SHIPPED, UNCACHED
from tools import PROJECT

QUICK_NOTE = """**A quick run: for daily use only.** It warms the JVMs up for seconds, measures little of everything and
leaves out some peers and, unless asked for, the workloads without a goal; take no decision on its numbers.
"""


def number(value):
    """Three digits that count, without an exponent."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _spread(field):
    """Median, least and most of a field over the rounds."""

    def cell(result, target):
        values = [value for value in result.values(target, field) if value is not None]
        if not values:
            return "–"
        median = number(result.median(target, field))
        return f"{median} ({number(min(values))}–{number(max(values))})" if len(values) > 1 else median

    return cell


def _median(field):
    return lambda result, target: number(result.median(target, field))


def _highest(field):
    return lambda result, target: number(max(result.values(target, field)))


def _compilers(result, target):
    """Only a JVM has compilers."""
    seconds = result.median(target, "compilers_cpu")
    return number(seconds) if seconds else "–"


def _of_process(cell):
    """An empty cell for a target without a process of its own."""
    return lambda result, target: "–" if target == "direct" else cell(result, target)


def _errors(result, target):
    count = sum(result.values(target, "errors"))
    problems = {sample.problem for sample in result.samples[target] if sample.problem}
    return f"**{count:,}**: {'; '.join(sorted(problems))}" if count else "0"


COLUMNS = {
    "rate": _spread("rate"),
    "cpu us/request": _of_process(_spread("cpu")),
    "cpu s/GiB": _of_process(_spread("cpu")),
    "JIT s": _compilers,
    "RSS before": _of_process(_median("idle")),
    "RSS idle": _of_process(_median("idle")),
    "RSS peak": _of_process(_highest("peak")),
    "RSS high water": _of_process(_highest("high_water")),
    "p50 us": _spread("p50"),
    "p99 us": _spread("p99"),
    "p50 added": _of_process(_spread("p50_added")),
    "CPU s": _median("cpu"),
    "RSS MiB": _median("idle"),
    "of it anonymous": _median("anonymous"),
    "errors": _errors,
}
RATIOS = {"ratio": "rate", "ratio of p50 added": "p50_added"}


def _columns(result):
    """Headings and cells; a ratio is one column for each peer."""
    for name in result.columns:
        if name in RATIOS:
            for peer in result.peers:
                field = RATIOS[name]
                cell = lambda r, target, peer=peer, field=field: number(r.ratio(target, peer, field))
                yield f"x {peer}", _of_process(cell) if field == "p50_added" else cell
        else:
            yield result.unit if name == "rate" else name, COLUMNS[name]


def table(headings, rows):
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def result_section(result):
    """The table of one workload under its title."""
    columns = list(_columns(result))
    rows = [[target, *(cell(result, target) for _, cell in columns)] for target in result.samples]
    note = f"{result.note}\n\n" if result.note else ""
    return f"## {result.title}\n\n{note}{table(['target', *(heading for heading, _ in columns)], rows)}\n"


def goals_section(results):
    """Measured values beside what is wanted."""
    by_name = {result.name: result for result in results}
    rows = []
    for goal in GOALS:
        value = goal.value(by_name)
        measured = "not measured" if value is None else number(value) + goal.unit
        limits = [(goal.limit(limit), goal.verdict(value, limit)) for limit in (goal.must, goal.aim)]
        rows.append([goal.text, measured, *(cell for pair in limits for cell in pair)])
    return f"## Goals\n\n{table(['goal', 'measured', 'must', '', 'aim', ''], rows)}\n"


def save(out, head, caption, results):
    """Writes every sample into the folder."""
    recorded = {"head": head, "caption": caption, "results": [dataclasses.asdict(result) for result in results]}
    path = out / "samples.json"
    path.write_text(json.dumps(recorded, indent=1), encoding="utf-8")
    return path


def write(out, head, results, failures):
    """Writes the report into the folder and returns its text."""
    text = "\n".join([head, goals_section(results), *map(result_section, results), _tail(failures)]).rstrip() + "\n"
    (out / "report.md").write_text(text, encoding="utf-8")
    return text


def head(caption, versions, plan):
    """Machine, versions and settings."""
    options = " ".join(
        line for line in (PROJECT / AS_SHIPPED[0][1:]).read_text().splitlines() if not line.startswith("#")
    )
    uncached = " ".join(f"{name}={value}" for name, value in UNCACHED.items())
    lines = [
        "# Torii beside its peers\n",
        QUICK_NOTE if plan.is_quick else "",
        f"- {caption}",
        "- Load, proxies and stubs share the cores",
        f"- Versions: {', '.join(f'{name} {version}' for name, version in versions.items())}",
        f"- Torii: `java {AS_SHIPPED[0]} -jar target/torii.jar` ({options}), its settings at their defaults but for"
        " the addresses and `TORII_DRAIN_DELAY=0s`; its access log is on and goes to /dev/null",
        f"- Torii, uncached: {uncached}",
        f"- {plan.warm_up:g} s of warm-up for each JVM, {plan.rounds} interleaved rounds of {plan.seconds} s",
        "- Values are medians (least–most), ratios the medians of the rounds' ratios; CPU is the proxy's without the"
        " JVM's compilers, whose seconds in a round are JIT; memory is in MiB: before any load, the highest sample, and"
        " the kernel's high water since the process' start",
        "- Changes to the peers' usual configuration, for their advantage:",
        *(f"  - {change}" for change in CHANGES),
    ]
    return "\n".join(lines) + "\n"


def _tail(failures):
    """What could not be measured."""
    return "## Not measured\n\n" + "\n".join(f"- {failure}" for failure in failures) + "\n" if failures else ""

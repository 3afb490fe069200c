"""One picture of small requests and uploads: chart.py SAMPLES_JSON PNG, under a Python that has matplotlib."""

import json
import pathlib
import statistics
import sys

from processes import BenchError, run
from tools import PROJECT

VENV = PROJECT / "target" / "bench-venv"
PANELS = (
    ("small", "rate", "Small requests: requests/s (more is better)"),
    ("small", "cpu", "Small requests: CPU, µs per request (less is better)"),
    ("upload 1", "rate", "1 upload: MiB/s (more is better)"),
    ("upload 1", "cpu", "1 upload: CPU, s per GiB (less is better)"),
    ("upload 16", "rate", "16 uploads: MiB/s (more is better)"),
    ("upload 16", "cpu", "16 uploads: CPU, s per GiB (less is better)"),
)
TORII, OTHERS = "#c8442b", "#8a949e"


def make(results, samples, png):
    """Draws what was measured in a process of its own; returns why there is no chart, or nothing."""
    if not {result.name for result in results} & {workload for workload, _, _ in PANELS}:
        return None
    try:
        run([_python_with_matplotlib(), __file__, samples, png], timeout=60)
        return None
    except BenchError as failure:
        return f"the chart: {failure}"


def _python_with_matplotlib():
    """This Python if it has matplotlib, else one in a virtual environment under target/."""
    for python in (sys.executable, VENV / "bin" / "python"):
        try:
            run([python, "-c", "import matplotlib"], timeout=60)
            return python
        except BenchError:
            continue
    run([sys.executable, "-m", "venv", "--clear", VENV], timeout=60)
    run([VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "matplotlib"], timeout=180)
    return VENV / "bin" / "python"


def _panel(axes, title, values):
    """Bars from the top down in the report's order, each with its value."""
    names = list(values)
    colours = [TORII if name.startswith("Torii") else OTHERS for name in names]
    bars = axes.barh(names, [values[name] for name in names], color=colours)
    axes.bar_label(bars, labels=[_short(values[name]) for name in names], padding=4, fontsize=9)
    axes.set_title(title, loc="left", fontsize=10)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)


def _short(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _medians(result, field):
    """A median for each proxy."""
    return {
        target: statistics.median(sample[field] for sample in samples)
        for target, samples in result["samples"].items()
        if target != "direct"
    }


def draw(samples, png):
    """All panels whose workload was measured, two side by side."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    recorded = json.loads(pathlib.Path(samples).read_text(encoding="utf-8"))
    results = {result["name"]: result for result in recorded["results"]}
    panels = [panel for panel in PANELS if panel[0] in results]
    figure, grid = pyplot.subplots(len(panels) // 2, 2, figsize=(13, 1.4 * len(panels)), squeeze=False)
    for axes, (workload, field, title) in zip(grid.flat, panels):
        _panel(axes, title, _medians(results[workload], field))
    figure.suptitle("Torii beside its peers, " + recorded["caption"], fontsize=10, x=0.01, ha="left")
    figure.tight_layout()
    figure.savefig(png, dpi=110)


if __name__ == "__main__":
    draw(*sys.argv[1:])

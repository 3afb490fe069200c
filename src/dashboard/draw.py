"""Draws the dashboard: draw.py DASHBOARD_JSON PROMETHEUS_URL FROM TO SCRAPE_SECONDS PNG, times in seconds since 1970.

Every panel stands where Grafana puts it and shows what its own queries come to; what Grafana does with them beyond that
is kept to what this dashboard uses: time series, stats, state timelines, thresholds, mappings and overrides by name.
"""

import io
import json
import math
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

VENV = Path(__file__).resolve().parents[2] / "target" / "dashboard-venv"

try:
    import matplotlib
except ImportError:
    if sys.prefix == str(VENV):
        raise
    # Once more by a Python that has it.
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "matplotlib"], check=True)
    os.execv(python, [python, "-B", *sys.argv])

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.dates import DateFormatter, MinuteLocator, date2num
from matplotlib.patches import FancyBboxPatch, Rectangle
from PIL import Image

from panels import Prometheus, answers, colour, in_unit

COLUMN, LINE, GAP = 0.56, 0.3, 0.07
DARK, PANEL, TEXT, FAINT, GRID = "#111217", "#181b1f", "#d8d9da", "#8e9199", "#2c3036"
PALETTE = ("#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#96d98d", "#ffcb7d", "#c8f2c2")


def when(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc)


def say(axes, text, colour_=FAINT, size=9):
    axes.text(0.5, 0.5, text, ha="center", va="center", color=colour_, fontsize=size, transform=axes.transAxes, wrap=True)


def draw_stat(axes, panel, series):
    """Tiles side by side, each in the colour of its last value."""
    axes.axis("off")
    mode, count = panel["options"]["textMode"], len(series)
    columns = count if count <= 4 else math.ceil(count / 2)
    rows = math.ceil(count / columns)
    for index, (look, points) in enumerate(series):
        value = points[-1][1]
        left, top = index % columns / columns, 1 - index // columns / rows
        box = FancyBboxPatch(
            (left + 0.008, top - 1 / rows + 0.03), 1 / columns - 0.016, 1 / rows - 0.06,
            boxstyle="round,pad=0,rounding_size=0.02", facecolor=look.by_value(value), edgecolor="none",
            transform=axes.transAxes,
        )
        axes.add_patch(box)
        name_only, both = mode == "name", mode == "value_and_name"
        big = look.name if name_only else look.text(value)
        middle = top - 0.5 / rows
        room = 1.35 * axes.bbox.width / columns / axes.figure.dpi * 72
        size = min(17 if rows == 1 else 12, room / max(len(big), 4))
        axes.text(left + 0.5 / columns, middle + (0.1 / rows if both else 0), big, ha="center", va="center",
                  color="white", fontsize=size, fontweight="bold", transform=axes.transAxes)
        if both:
            size = min(9, room / max(len(look.name), 4))
            axes.text(left + 0.5 / columns, middle - 0.26 / rows, look.name, ha="center", va="center", color="white",
                      fontsize=size, transform=axes.transAxes)


def plain(axes, prometheus):
    axes.set_facecolor(PANEL)
    axes.set_xlim(when(prometheus.start), when(prometheus.end))
    axes.xaxis.set_major_locator(MinuteLocator(interval=math.ceil((prometheus.end - prometheus.start) / 480)))
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))
    axes.tick_params(colors=FAINT, labelsize=7, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def draw_series(axes, panel, series, prometheus):
    plain(axes, prometheus)
    axes.grid(color=GRID, linewidth=0.6)
    custom = panel["fieldConfig"]["defaults"]["custom"]
    right = axes.twinx() if any(look.is_right for look, _ in series) else None
    if right:
        plain(right, prometheus)
        right.patch.set_visible(False)
    floor = {}
    for index, (look, points) in enumerate(series):
        paint = look.colour or PALETTE[index % len(PALETTE)]
        on = right if look.is_right else axes
        times, numbers = with_gaps(points, prometheus.step)
        if custom["stacking"]["mode"] == "normal":
            base = [floor.get(t, 0) for t in times]
            numbers = [b + n for b, n in zip(base, numbers)]
            floor.update({t: n for t, n in zip(times, numbers) if not math.isnan(n)})
            on.fill_between([when(t) for t in times], base, numbers, color=paint, alpha=0.45, linewidth=0)
        on.plot([when(t) for t in times], numbers, color=paint, linewidth=1.1, label=look.name)
        unit = look.settings["unit"]
        on.yaxis.set_major_formatter(lambda value, _, unit=unit: in_unit(value, unit))
    for on in (axes, right) if right else (axes,):
        on.set_ylim(bottom=0)
    if custom["thresholdsStyle"]["mode"] != "off":
        top = axes.get_ylim()[1]
        for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]:
            if step["value"] < top:
                axes.axhline(step["value"], color=colour(step["color"]), linestyle="--", linewidth=0.8)
    names(axes, right, panel, series)


def with_gaps(points, step):
    """Times and numbers, with a hole where nothing was there for longer than a step."""
    times, numbers = [], []
    for time, number in points:
        if times and time - times[-1] > 1.5 * step:
            times.append(times[-1] + step)
            numbers.append(math.nan)
        times.append(time)
        numbers.append(number)
    return times, numbers


def names(axes, right, panel, series):
    handles = axes.get_legend_handles_labels()[0] + (right.get_legend_handles_labels()[0] if right else [])
    beside = panel["options"]["legend"]["placement"] == "right"
    if beside:
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.06), fontsize=6.5, frameon=False,
                    labelcolor=TEXT, handlelength=1, borderaxespad=0.3, labelspacing=0.35)
    else:
        longest = max(len(handle.get_label()) for handle in handles) * 0.052 + 0.35
        columns = max(1, int(axes.bbox.width / axes.figure.dpi / longest))
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(-0.02, -0.13), fontsize=6.5, frameon=False,
                    labelcolor=TEXT, handlelength=1, borderaxespad=0, ncol=columns, columnspacing=1)


def draw_states(axes, panel, series, prometheus):
    """One bar a series, in the colours of its values."""
    plain(axes, prometheus)
    for index, (look, points) in enumerate(series):
        for time, value in points:
            axes.add_patch(Rectangle((date2num(when(time)), -index - 0.42),
                                     prometheus.step * 1.02 / 86400, 0.84, color=look.by_value(value), linewidth=0))
    axes.set_ylim(-len(series) + 0.45, 0.55)
    axes.set_yticks([-index for index in range(len(series))], [look.name for look, _ in series])
    axes.tick_params(axis="y", labelcolor=TEXT, labelsize=7)


def inner(panel, series, box):
    """The part of a panel's box that its picture has, inside the names around it."""
    left, bottom, width, height = box
    kind = panel["type"]
    if kind == "stat":
        return left + 0.05, bottom + 0.05, width - 0.1, height - 0.33
    if kind == "state-timeline":
        names_ = max((len(look.name) for look, _ in series), default=4) * 0.052 + 0.15
        return left + names_, bottom + 0.22, width - names_ - 0.12, height - 0.5
    beside = 0
    if panel["options"]["legend"]["placement"] == "right":
        beside = max((len(look.name) for look, _ in series), default=0) * 0.052 + 0.3
    right = 0.42 if any(look.is_right for look, _ in series) else 0.1
    return left + 0.55, bottom + (0.25 if beside else 0.5), width - 0.55 - max(right, beside), height - (0.55 if beside else 0.8)


def frame(figure, box, size):
    figure.add_artist(FancyBboxPatch((box[0] / size[0], box[1] / size[1]), box[2] / size[0], box[3] / size[1],
                                     boxstyle="square,pad=0", facecolor=PANEL, edgecolor=GRID, linewidth=0.8, zorder=-1))


def draw_panel(figure, size, panel, box, prometheus):
    left, bottom, width, height = box
    if panel["type"] == "row":
        figure.text(left / size[0], (bottom + height / 2) / size[1], "▾ " + panel["title"], color=TEXT, fontsize=12,
                    fontweight="bold", va="center")
        return
    frame(figure, box, size)
    figure.text((left + 0.1) / size[0], (bottom + height - 0.15) / size[1], panel["title"], color=TEXT, fontsize=8.5,
                fontweight="bold", va="center")
    series = answers(panel, prometheus)
    x, y, w, h = inner(panel, series, box)
    axes = figure.add_axes((x / size[0], y / size[1], w / size[0], h / size[1]), facecolor=PANEL)
    if not series:
        axes.axis("off")
        say(axes, panel["fieldConfig"]["defaults"].get("noValue", "No data"))
    elif panel["type"] == "stat":
        draw_stat(axes, panel, series)
    elif panel["type"] == "timeseries":
        draw_series(axes, panel, series, prometheus)
    else:
        draw_states(axes, panel, series, prometheus)


def draw(dashboard, prometheus, png):
    """The whole dashboard, as long as it is."""
    panels = dashboard["panels"]
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    head = 0.6
    size = (24 * COLUMN, rows * LINE + head)
    figure = pyplot.figure(figsize=size, facecolor=DARK)
    figure.text(0.006, 1 - 0.3 / size[1], dashboard["title"], color="white", fontsize=15, fontweight="bold", va="center")
    for panel in panels:
        at = panel["gridPos"]
        box = (at["x"] * COLUMN + GAP / 2, size[1] - head - (at["y"] + at["h"]) * LINE + GAP / 2,
               at["w"] * COLUMN - GAP, at["h"] * LINE - GAP)
        draw_panel(figure, size, panel, box, prometheus)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=100, facecolor=DARK)
    # A flat picture needs few colours, and a repository small files.
    Image.open(drawn).convert("RGB").quantize(256, Image.Quantize.FASTOCTREE).save(png, optimize=True)


if __name__ == "__main__":
    file, url, start, end, scrape, png = sys.argv[1:]
    draw(json.loads(Path(file).read_text(encoding="utf-8")), Prometheus(url, float(start), float(end), float(scrape)), png)

"""What panels show: the answers of a Prometheus to their questions, and how the dashboard wants each series to look."""

import json
import math
import re
import urllib.parse
import urllib.request

COLOURS = {
    "green": "#56a64b",
    "yellow": "#e0b400",
    "orange": "#ff780a",
    "red": "#e02f44",
    "blue": "#3274d9",
    "purple": "#a352cc",
}


class Prometheus:
    """Asks as Grafana does, with "All" chosen for every variable."""

    def __init__(self, url, start, end, scrape):
        self.url, self.start, self.end = url, start, end
        self.step = max(scrape, math.ceil((end - start) / 400))
        interval = max(self.step + scrape, 4 * scrape)
        self.values = {"namespace": ".*", "job": ".*", "instance": ".*", "__rate_interval": f"{interval:.0f}s"}

    def ask(self, target):
        """Pairs of labels and a list of (time, number)."""
        query = re.sub(r"\$\{?(\w+)\}?", lambda found: self.values[found[1]], target["expr"])
        instant = target.get("instant", False)
        start = self.end if instant else self.start
        fields = {"query": query, "start": start, "end": self.end, "step": self.step}
        address = f"{self.url}/api/v1/query_range?{urllib.parse.urlencode(fields)}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            result = json.load(answer)["data"]["result"]
        series = [(one["metric"], [(float(t), float(v)) for t, v in one["values"]]) for one in result]
        return sorted(series, key=lambda one: sorted(one[0].items()))


class Look:
    """How one series is shown: the panel's defaults, and what overrides say of its name."""

    def __init__(self, panel, name):
        field = panel["fieldConfig"]
        self.name, self.settings, self.colour = name, dict(field["defaults"]), None
        for override in field["overrides"]:
            matcher = override["matcher"]
            by_name = matcher["id"] == "byName" and matcher["options"] == name
            by_expression = matcher["id"] == "byRegexp" and re.fullmatch(matcher["options"], name)
            if by_name or by_expression:
                self._apply(override["properties"])

    def _apply(self, properties):
        for each in properties:
            if each["id"] == "color":
                self.colour = colour(each["value"]["fixedColor"])
            elif each["id"] == "displayName":
                self.name = each["value"]
            else:
                self.settings[each["id"]] = each["value"]

    @property
    def is_right(self):
        return self.settings.get("custom.axisPlacement") == "right"

    def mapped(self, value):
        """What a mapping makes of a value: text and colour, or nothing."""
        for mapping in self.settings.get("mappings", ()):
            found = mapping["options"].get(f"{value:g}")
            if found:
                return found
        return None

    def text(self, value):
        found = self.mapped(value)
        return found["text"] if found else in_unit(value, self.settings["unit"])

    def by_value(self, value):
        found = self.mapped(value)
        if found:
            return colour(found["color"])
        reached = [step["color"] for step in self.settings["thresholds"]["steps"] if (step["value"] or -math.inf) <= value]
        return colour(reached[-1])


def colour(name):
    return COLOURS.get(name, name)


def in_unit(value, unit):
    if math.isnan(value):
        return "–"
    if unit == "percentunit":
        return f"{value * 100:.4g} %"
    if unit in ("bytes", "Bps"):
        for name in ("B", "KiB", "MiB", "GiB"):
            if abs(value) < 1024 or name == "GiB":
                return f"{value:.3g} {name}" + ("/s" if unit == "Bps" else "")
            value /= 1024
    if unit == "s":
        if value and abs(value) < 1:
            return f"{value * 1000:.3g} ms"
        if value >= 86400:
            return f"{value / 86400:.1f} days"
        return f"{value / 60:.0f} min" if value >= 120 else f"{value:.3g} s"
    return f"{value:.3g}" + {"reqps": " req/s", "ops": "/s"}.get(unit, "")


def legend(target, labels):
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), target["legendFormat"])


def answers(panel, prometheus):
    """Look and points of every series that the panel shows."""
    found = []
    for target in panel["targets"]:
        for labels, points in prometheus.ask(target):
            numbers = [(t, v) for t, v in points if not math.isnan(v)]
            if numbers:
                found.append((Look(panel, legend(target, labels)), numbers))
    return found

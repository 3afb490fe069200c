"""What Torii is meant to reach beside its peers on the same machine, and whether it did."""

import dataclasses
import operator


@dataclasses.dataclass(frozen=True)
class Goal:
    """A value with the limit it must keep and the one it aims at; None aims at nothing beyond."""

    text: str
    value: object
    sign: str
    must: float
    aim: float = None
    unit: str = "x"

    def limit(self, number):
        """A limit in words."""
        return "–" if number is None else f"{self.sign} {number:g}{self.unit}"

    def verdict(self, value, limit):
        """Whether a measured value keeps a limit, in words."""
        if value is None or limit is None:
            return "–"
        keeps = {"≥": operator.ge, "≤": operator.le}[self.sign]
        return "met" if keeps(value, limit) else "**missed**"


def _ratio(workload, peer, field="rate", target="Torii"):
    """A value that compares Torii with a peer; None when the workload did not run."""
    return lambda results: results[workload].ratio(target, peer, field) if workload in results else None


def _median(workload, field, target="Torii"):
    """The median over the rounds."""
    return lambda results: results[workload].median(target, field) if workload in results else None


def _highest(workload, field, target="Torii"):
    """The highest value of any round."""
    return lambda results: max(results[workload].values(target, field)) if workload in results else None


def _bodies(workload, text, rate, cpu):
    """The two goals of a body workload: its rate and its CPU time per GiB, each beside nginx."""
    peer = "nginx unbuffered"
    return (
        Goal(f"{text}: rate by nginx unbuffered", _ratio(workload, peer), "≥", *rate),
        Goal(f"{text}: CPU/GiB by nginx unbuffered", _ratio(workload, peer, "cpu"), "≤", *cpu),
    )


GOALS = (
    Goal("small, cached: requests/s by nginx auth_request", _ratio("small", "nginx auth_request"), "≥", 2.5, 3.2),
    Goal("small, cached: CPU by nginx auth_request", _ratio("small", "nginx auth_request", "cpu"), "≤", 0.45, 0.35),
    Goal("small, cached: requests/s by Caddy forward_auth", _ratio("small", "Caddy forward_auth"), "≥", 5, 6),
    Goal("small, cached: CPU by nginx plain", _ratio("small", "nginx plain", "cpu"), "≤", 2.0, 1.5),
    Goal(
        "small, uncached: requests/s by nginx auth_request",
        _ratio("small", "nginx auth_request", target="Torii, uncached"),
        "≥",
        1.25,
        2,
    ),
    Goal("fixed rate: p50 added, by nginx plain's", _ratio("latency", "nginx plain", "p50_added"), "≤", 1.8, 1.4),
    *_bodies("upload 1", "1 upload", (1.0, 1.3), (0.9, 0.75)),
    *_bodies("upload 16", "16 uploads", (1.0, 1.3), (0.9, 0.75)),
    *_bodies("download 1", "1 download", (0.8, 1.0), (1.2,)),
    *_bodies("download 16", "16 downloads", (0.8, 1.0), (1.2,)),
    Goal("RSS idle", _median("slow", "idle"), "≤", 110, 90, " MiB"),
    Goal("RSS peak, 16 uploads to a slow upstream", _highest("slow", "high_water"), "≤", 200, 140, " MiB"),
    Goal("start to the first proxied 200", _median("start", "rate", "@conf/jvm.options"), "≤", 0.7, 0.5, " s"),
)

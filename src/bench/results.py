"""Samples of targets, and the medians and ratios that the report and the goals are made of."""

import dataclasses
import statistics

from measure import Watch


@dataclasses.dataclass
class Sample:
    """One target in one round; cpu is by unit of work, compilers_cpu seconds in all, memory in MiB."""

    rate: float
    cpu: float = 0
    compilers_cpu: float = 0
    idle: float = 0
    anonymous: float = 0
    peak: float = 0
    high_water: float = 0
    errors: int = 0
    problem: str = ""
    p50: float = None
    p99: float = None
    p50_added: float = None


@dataclasses.dataclass
class Case:
    """A target with the load it gets; a load takes a port and returns an Outcome."""

    name: str
    target: object
    load: object
    idle: float = 0


@dataclasses.dataclass
class Result:
    """All samples of one workload, by target, in rounds."""

    name: str
    title: str
    unit: str
    samples: dict
    columns: tuple
    peers: tuple = ()
    note: str = ""

    @property
    def errors(self):
        """How many requests or transfers failed."""
        return sum(sample.errors for samples in self.samples.values() for sample in samples)

    def values(self, target, field):
        """One field of a target's samples, round by round."""
        return [getattr(sample, field) for sample in self.samples[target]]

    def median(self, target, field="rate"):
        """The median over the rounds."""
        return statistics.median(self.values(target, field))

    def ratio(self, target, peer, field="rate"):
        """A target by a peer, side by side in each round, and the median of that; None without either of them."""
        if target not in self.samples or peer not in self.samples:
            return None
        pairs = zip(self.values(target, field), self.values(peer, field))
        quotients = [mine / theirs for mine, theirs in pairs if theirs]
        return statistics.median(quotients) if quotients else None


def observe(case, unit_factor=1):
    """Gives one case its load and watches its process meanwhile."""
    with Watch(case.target.pid) as watch:
        outcome = case.load(case.target.port)
    work = max(outcome.work, 1e-9)
    return Sample(
        rate=outcome.rate,
        cpu=watch.cpu / work * unit_factor,
        compilers_cpu=watch.compilers_cpu,
        idle=case.idle,
        peak=watch.peak,
        high_water=watch.high_water,
        errors=outcome.errors,
        problem=outcome.problem,
        p50=outcome.p50,
        p99=outcome.p99,
    )


def interleave(cases, rounds, unit_factor=1):
    """Every case once a round, the other way round in every other round; samples by case."""
    samples = {case.name: [] for case in cases}
    for number in range(rounds):
        for case in cases if number % 2 == 0 else reversed(cases):
            samples[case.name].append(observe(case, unit_factor))
    return samples

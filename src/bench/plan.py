"""How much of everything is measured."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Plan:
    """Seconds, rounds and sizes (MiB) of one run."""

    warm_up: float
    rounds: int
    seconds: int
    latency_seconds: int
    single: int
    parallel: int
    slow: int
    keys: tuple
    starts: int
    ramp_seconds: int
    is_quick: bool = False


FULL = Plan(
    warm_up=30,
    rounds=4,
    seconds=4,
    latency_seconds=5,
    single=2048,
    parallel=256,
    slow=64,
    keys=(1, 100, 10_000),
    starts=5,
    ramp_seconds=16,
)
QUICK = Plan(
    warm_up=8,
    rounds=2,
    seconds=2,
    latency_seconds=2,
    single=512,
    parallel=32,
    slow=16,
    keys=(1, 100),
    starts=3,
    ramp_seconds=8,
    is_quick=True,
)

"""Intervals over seeds: of a mean, and of a difference paired by seed."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from bench.stats.paired import LEAST, LEVEL, gain

IntervalKind = Literal["t", "range", "none"]


class SeedInterval(NamedTuple):
    """kind: "t" (Student's interval at `level`, 3 seeds or more), "range" (2 seeds: least and greatest), "none" (1)."""

    mean: float
    low: float
    high: float
    n: int
    kind: IntervalKind
    level: float = LEVEL

    def __str__(self) -> str:
        """How a person reads it, with n, and with what the brackets are."""
        if self.kind == "none":
            return f"{self.mean:.2f} (one seed, no interval)"
        name = f"{100 * self.level:g} % interval" if self.kind == "t" else "range"
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}] ({name} of {self.n} seeds)"


def seed_interval(values: Sequence[float], level: float = LEVEL) -> SeedInterval:
    """Of one number a seed: an mAP, or a difference of two methods trained with the same mask and order.

    >>> str(seed_interval([70.0, 72.0]))
    '71.00 [70.00, 72.00] (range of 2 seeds)'
    """
    if not len(values) or any(math.isnan(value) for value in values):
        raise ValueError(f"an interval over seeds needs numbers, but there are {list(values)}")
    estimate = gain([float(value) for value in values], level)
    kind: IntervalKind = "t" if estimate.n >= LEAST else "range" if estimate.n == 2 else "none"
    return SeedInterval(estimate.mean, estimate.low, estimate.high, estimate.n, kind, level)

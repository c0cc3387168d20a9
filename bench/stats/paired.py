"""Paired differences: two lines of a table, cell against cell with the same ratio, seed, mask and order."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from bench.stats.resampling import LEVEL

Percent = int | None

LEAST = 3
"""Fewer pairs than this have no interval: their range is shown, and nothing is called significant or not."""


SAME_DRAWS = ("mask_sha256", "order_seed")
"""Columns in which the two cells of a pair are equal, where both learned from observed labels."""


class Pair(NamedTuple):
    """Two cells of one ratio and seed, and by how much mAP the first is ahead."""

    percent: Percent
    seed: int
    key: str
    against: str
    difference: float


class Gain(NamedTuple):
    """The mean of n differences and where it lies: Student's t interval for n >= 3, the range for 2, nothing for 1."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def tested(self) -> bool:
        return self.n >= LEAST

    @property
    def not_significant(self) -> bool:
        """Whether the interval holds 0; False where there is no interval."""
        return self.tested and self.low <= 0 <= self.high


def gain(differences: Sequence[float], level: float = LEVEL) -> Gain:
    """Of the differences of one group of pairs.

    >>> gain([1.0, 3.0])
    Gain(mean=2.0, low=1.0, high=3.0, n=2)
    """
    n = len(differences)
    if n == 0:
        return Gain(math.nan, math.nan, math.nan, 0)
    mean = statistics.fmean(differences)
    if n == 1:
        return Gain(mean, math.nan, math.nan, 1)
    if n < LEAST:
        return Gain(mean, min(differences), max(differences), n)
    from scipy.stats import t as student  # half a second of start-up

    half = float(student.ppf((1 + level) / 2, n - 1)) * statistics.stdev(differences) / math.sqrt(n)
    return Gain(mean, mean - half, mean + half, n)


def pairs(frame: pd.DataFrame, line: str, against: str) -> tuple[Pair, ...]:
    """The pairs of two lines of `Results.frame`; cells that stand for several places count once a ratio.

    Two cells with different masks or batch orders are no pair, whatever seed the table gives them: a line that varies
    one stream of randomness alone keeps the others of the first seed.
    """
    columns = ["percent", "seed", "key", "mAP", "role", *SAME_DRAWS]
    ours, theirs = (frame[frame["method"] == name].reindex(columns=columns) for name in (line, against))
    merged = ours.merge(theirs, on=["percent", "seed"], suffixes=("", "_against"))
    both_masked = (merged["role"] == "observed") & (merged["role_against"] == "observed")
    alike = pd.concat([merged[name] == merged[f"{name}_against"] for name in SAME_DRAWS], axis=1).all(axis=1)
    merged = merged[alike | ~both_masked].drop_duplicates(["percent", "key", "key_against"])
    numbers = merged[["percent", "seed", "key", "key_against", "mAP", "mAP_against"]]
    return tuple(
        Pair(None if pd.isna(percent) else int(percent), int(seed), key, other, float(value - reference))
        for percent, seed, key, other, value, reference in numbers.itertuples(index=False, name=None)
    )


def by_ratio(paired: Sequence[Pair]) -> Mapping[Percent, Gain]:
    """The gain at each ratio, over seeds."""
    groups: dict[Percent, list[float]] = {}
    for pair in paired:
        groups.setdefault(pair.percent, []).append(pair.difference)
    return {percent: gain(differences) for percent, differences in groups.items()}


def complete(paired: Sequence[Pair], percents: Sequence[Percent]) -> tuple[Pair, ...]:
    """The pairs of the seeds that have every ratio."""
    have: dict[int, set[Percent]] = {}
    for pair in paired:
        have.setdefault(pair.seed, set()).add(pair.percent)
    return tuple(pair for pair in paired if have[pair.seed] >= set(percents))


def gain_over_ratios(paired: Sequence[Pair], percents: Sequence[Percent]) -> Gain:
    """The gain averaged over ratios, from each seed's own average: the ratios of a seed are not independent.

    Seeds that lack a ratio are left out.
    """
    seeds: dict[int, list[float]] = {}
    for pair in complete(paired, percents):
        seeds.setdefault(pair.seed, []).append(pair.difference)
    return gain([statistics.fmean(differences) for differences in seeds.values()])

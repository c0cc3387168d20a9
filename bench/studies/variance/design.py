"""Design of variance studies: each stream of randomness is varied alone, and all of them together.

>>> [line.name for line in variance_lines(["asl"])]
['asl', 'asl [mask]', 'asl [init]', 'asl [order]']
"""

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from scipy.stats import chi2

from bench.planning.request import Variant
from bench.records.cells import CELL_STREAMS

ALL = "all"
"""The source of a method's usual line: all streams follow the seed."""

SCATTER_LEVEL = 0.95


class Scatter(NamedTuple):
    """Sample standard deviation of n numbers, with an interval that holds the true one in `LEVEL` of all studies.

    n: how many numbers; with fewer than two there is no deviation, and all but `mean` are NaN.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float


def variance_lines(methods: Sequence[str], streams: Sequence[str] = CELL_STREAMS) -> tuple[Variant, ...]:
    """The sweep's entries: each method as it is, then with each stream alone following the seeds.

    The other streams stay at the first seed, where all these lines share one cell.
    """
    return tuple(
        line
        for method in methods
        for line in (Variant(method), *(Variant(method, {}, f"{method} [{name}]", varies=name) for name in streams))
    )


def study(methods: Sequence[str], streams: Sequence[str], seeds: Sequence[int]) -> dict[str, Any]:
    """What the sweep's record keeps of the study: the source of scatter behind each line of the table."""
    sources = {line.name: [line.method, line.varies or ALL] for line in variance_lines(methods, streams)}
    return {"kind": "variance", "lines": sources, "sources": [*streams, ALL], "seeds": list(seeds)}


def scatter(values: Iterable[float]) -> Scatter:
    """The spread of equally distributed numbers.

    The interval is that of a normal distribution: (n - 1) s^2 / sigma^2 follows chi-square with n - 1 degrees of
    freedom. It is wide: five seeds tell the deviation to a factor of about three.

    >>> scatter([70.0, 72.0, 74.0]).sd, scatter([70.0, 70.0]).sd
    (2.0, 0.0)
    """
    numbers = list(values)
    n = len(numbers)
    mean = statistics.fmean(numbers) if numbers else math.nan
    if n < 2:
        return Scatter(n, mean, math.nan, math.nan, math.nan)
    sd = statistics.stdev(numbers)  # exact: equal numbers have deviation 0, to the last bit
    low, high = (
        sd * math.sqrt((n - 1) / chi2.ppf(share, n - 1)) for share in ((1 + SCATTER_LEVEL) / 2, (1 - SCATTER_LEVEL) / 2)
    )
    return Scatter(n, mean, sd, float(low), float(high))


def together(parts: Iterable[Scatter]) -> float:
    """The deviation that independent sources would have together: the root of the sum of their variances.

    >>> together([Scatter(2, 0.0, 3.0, 0.0, 0.0), Scatter(2, 0.0, 4.0, 0.0, 0.0)])
    5.0
    """
    return math.sqrt(sum(part.sd**2 for part in parts))

"""Comparisons across datasets: Wilcoxon's signed ranks with Holm's correction, average ranks, wins and losses.

A *block* is a number of every method under equal conditions, and the tests take blocks for independent. The ratios and
seeds of one dataset are not: they share test images, and nested masks share labels. `independent` therefore makes one
block of all that a dataset has; results on one dataset never support a claim here, however many cells they have, and
the functions say so instead of printing a p. For one dataset there are the intervals over images and over seeds.

Holm's correction is used and not Nemenyi's, whose verdict on two methods depends on which others stand in the table.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from bench.errors import UsageError

LEAST_BLOCKS = 6
"""With fewer blocks even a winner in all of them has p > 0.05 (2 / 2^5)."""


ALPHA = 0.05


class Measured(NamedTuple):
    """A number of a method at a place of a dataset; `place` is what distinguishes places: (percent, seed), say."""

    dataset: str
    place: object
    method: str
    value: float


@dataclass(frozen=True)
class Blocks:
    """values (B, K): a line for each of B independent blocks, a column for each of K methods."""

    names: tuple[str, ...]
    methods: tuple[str, ...]
    values: np.ndarray

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.names), len(self.methods)) or np.isnan(self.values).any():
            raise ValueError(f"values {self.values.shape} must be numbers, {len(self.names)} x {len(self.methods)}")


def independent(measured: Iterable[Measured], methods: Sequence[str]) -> Blocks:
    """One block a dataset: means over the places at which *all* these methods have a number; nothing is filled in.

    Datasets without such a place are left out. Give one line a dataset: scenes and a variant of scenes are one dataset.
    """
    by_dataset: dict[str, dict[object, dict[str, float]]] = {}
    for dataset, place, method, value in measured:
        by_dataset.setdefault(dataset, {}).setdefault(place, {})[method] = value
    lines = {}
    for dataset, places in by_dataset.items():
        whole = [[numbers[m] for m in methods] for numbers in places.values() if set(methods) <= set(numbers)]
        if whole:
            lines[dataset] = np.mean(whole, axis=0)
    values = np.array(list(lines.values())).reshape(len(lines), len(methods))
    return Blocks(tuple(lines), tuple(methods), values)


class Comparison(NamedTuple):
    """One method against another over blocks.

    median: of the differences. p: two-sided, of Wilcoxon's signed ranks. adjusted: p after Holm. exact: whether p is
    from the exact distribution; with ties or equal numbers in more than 13 blocks it is not.
    """

    method: str
    against: str
    median: float
    p: float
    adjusted: float
    exact: bool
    blocks: int

    @property
    def not_significant(self) -> bool:
        return self.adjusted > ALPHA


def wilcoxon_holm(blocks: Blocks, baseline: str | None = None) -> tuple[Comparison, ...]:
    """All methods against the baseline, or without one every pair; Holm's correction covers what is compared here."""
    enough(blocks, LEAST_BLOCKS, "Wilcoxon's test")
    if baseline is not None and baseline not in blocks.methods:
        raise UsageError(f"the baseline {baseline!r} is none of the methods compared: {', '.join(blocks.methods)}.")
    pairs = (
        list(combinations(blocks.methods, 2))
        if baseline is None
        else [(method, baseline) for method in blocks.methods if method != baseline]
    )
    columns = dict(zip(blocks.methods, blocks.values.T, strict=True))
    tested = [signed_ranks(columns[a] - columns[b]) for a, b in pairs]
    adjusted = holm([p for p, _ in tested])
    return tuple(
        Comparison(a, b, float(np.median(columns[a] - columns[b])), p, whole, exact, len(blocks.names))
        for (a, b), (p, exact), whole in zip(pairs, tested, adjusted, strict=True)
    )


def signed_ranks(differences: np.ndarray) -> tuple[float, bool]:
    """Two-sided p of Wilcoxon's signed-rank test and whether it is exact; equal numbers are split between the sides.

    The zeros' ranks are shared out (`zsplit`), so that blocks without a difference speak for none.
    """
    if not differences.any():
        return 1.0, True
    from scipy.stats import wilcoxon  # half a second of start-up

    distinct = len(np.unique(np.abs(differences))) == len(differences) and differences.all()
    exact = len(differences) <= (50 if distinct else 13)
    return float(wilcoxon(differences, zero_method="zsplit", method="auto").pvalue), exact


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's step-down correction, in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    count = len(ps)
    adjusted, highest = [0.0] * count, 0.0
    for rank, place in enumerate(sorted(range(count), key=lambda i: ps[i])):
        highest = max(highest, min(1.0, (count - rank) * ps[place]))
        adjusted[place] = highest
    return adjusted


def enough(blocks: Blocks, least: int, purpose: str) -> None:
    count = len(blocks.names)
    if count < least:
        raise UsageError(
            f"{purpose} needs {least} independent blocks (datasets) or more, but there {'is' if count == 1 else 'are'} "
            f"{count}: ratios and seeds of one dataset share images and labels; see its intervals instead."
        )

"""Orders of known entries by score, row by row: how many negatives stand above each positive.

A row is a class over its images, or an image over its classes. Labels hold +1, -1, and 0 for entries that are left out.
Rows are worked on some at a time, so that memory does not grow with their number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

PART_ENTRIES = 2**20
"""Entries (rows x columns) of a part: about 40 MB at work."""


@dataclass(frozen=True)
class Ordering:
    """Some rows (R, M) from the highest score to the lowest; entries that are left out stand among them, uncounted.

    positive: bool. positives_so_far, negatives_so_far: cumulative counts. last: whether the next score is another one.
    """

    positive: np.ndarray
    positives_so_far: np.ndarray
    negatives_so_far: np.ndarray
    last: np.ndarray

    @property
    def positives(self) -> np.ndarray:
        """Known positives of each row (R,)."""
        return self.positives_so_far[:, -1]

    @property
    def negatives(self) -> np.ndarray:
        """Known negatives of each row (R,)."""
        return self.negatives_so_far[:, -1]

    def not_below(self, so_far: np.ndarray) -> np.ndarray:
        """How many of those counted in `so_far` score as high as each entry or higher."""
        ends = np.where(self.last, so_far, np.iinfo(so_far.dtype).max)
        return np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]

    def above(self, so_far: np.ndarray) -> np.ndarray:
        """How many of those counted in `so_far` score higher than each entry."""
        ends = np.zeros_like(so_far)
        ends[:, 1:] = np.where(self.last, so_far, 0)[:, :-1]
        return np.maximum.accumulate(ends, axis=1)


def by_row(formula: Callable[[Ordering], np.ndarray], scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The formula's number for each row (R,) of scores and labels (R, M).

    NaN for a row without a known positive or without a known negative: there every order is as good as any other.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [
            np.where((part.positives > 0) & (part.negatives > 0), formula(part), np.nan)
            for part in orderings(scores, labels)
        ]
    return np.concatenate([np.empty(0), *parts])


def orderings(scores: np.ndarray, labels: np.ndarray) -> Iterator[Ordering]:
    """Of all rows, in parts; ValueError for scores that cannot be ordered."""
    if scores.shape != labels.shape or scores.ndim != 2:
        raise ValueError(f"scores {scores.shape} and labels {labels.shape} must be of one shape with two axes")
    if not scores.shape[1]:
        raise ValueError("scores without any column have no order")
    step = max(1, PART_ENTRIES // scores.shape[1])
    for start in range(0, len(scores), step):
        yield _ordering(scores[start : start + step], labels[start : start + step])


def _ordering(scores: np.ndarray, labels: np.ndarray) -> Ordering:
    if not np.isfinite(scores).all():
        raise ValueError("scores hold NaN or infinite values; the run diverged")
    order = np.argsort(-scores, axis=1)
    scores, labels = np.take_along_axis(scores, order, axis=1), np.take_along_axis(labels, order, axis=1)
    last = np.ones(labels.shape, bool)
    last[:, :-1] = scores[:, 1:] != scores[:, :-1]
    positive = labels == 1
    return Ordering(
        positive, np.cumsum(positive, axis=1, dtype=np.int32), np.cumsum(labels == -1, axis=1, dtype=np.int32), last
    )

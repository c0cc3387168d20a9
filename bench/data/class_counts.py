"""Counts of known labels a class, and what is odd about it: the table that `bench prepare` shows."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bench.system.chunks import class_totals, row_slices
from bench.system.sparse import SparseLabels


@dataclass(frozen=True)
class ClassCounts:
    """A class's known positives, known negatives and unknown labels in training and test; odd: what to look at."""

    name: str
    train: tuple[int, int, int]
    test: tuple[int, int, int]
    odd: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def class_counts(classes: Sequence[str], train: np.ndarray, test: np.ndarray) -> list[ClassCounts]:
    """Of labels int8 (N, C) of both parts."""
    counts = [_totals(part) for part in (train, test)]
    twins = _twins(classes, train, [bool(positives and negatives) for positives, negatives, _ in counts[0]])
    return [
        ClassCounts(name, one, other, tuple(_odd(one, other, twins.get(name))))
        for name, one, other in zip(classes, *counts, strict=True)
    ]


def _odd(train: tuple[int, int, int], test: tuple[int, int, int], twin: str | None) -> Iterator[str]:
    positives, negatives, unknown = train
    if not positives and not negatives:
        yield "nothing is known in training"
    elif not positives:
        yield "absent in every training image" if not unknown else "no known positive in training"
    elif not negatives:
        yield "present in every training image" if not unknown else "no known negative in training"
    if not (test[0] and test[1]):
        yield (
            "nothing is known in test"
            if not (test[0] or test[1])
            else f"no known {'negative' if test[0] else 'positive'} in test"
        )
    if twin is not None:
        yield f"labels equal those of {twin}"


def _totals(labels: np.ndarray) -> list[tuple[int, int, int]]:
    """Known positives, known negatives and unknown labels of each class."""
    positives, negatives = class_totals(labels, 1), class_totals(labels, -1)
    unknown = len(labels) - positives - negatives
    return list(zip(positives.tolist(), negatives.tolist(), unknown.tolist(), strict=True))


def _twins(classes: Sequence[str], labels: np.ndarray, both: Sequence[bool]) -> dict[str, str]:
    """Classes whose column equals that of an earlier one, among those of which both kinds of labels are known."""
    first: dict[int, str] = {}
    twins = {}
    for name, code, known in zip(classes, _codes(labels).tolist(), both, strict=True):
        if known:
            earlier = first.setdefault(code, name)
            if earlier != name:
                twins[name] = earlier
    return twins


def _codes(labels: np.ndarray) -> np.ndarray:
    """A number of 64 bits for each column, equal for equal columns, and for others by a chance of 2^-63.

    The sum of drawn numbers, one a row, times the labels: no copy of all columns is made to compare them.
    """
    drawn = np.random.default_rng(0).integers(2**63, size=len(labels))
    if isinstance(labels, SparseLabels):
        codes = np.zeros(labels.shape[1], np.int64)
        np.add.at(codes, labels.columns, labels.values * np.repeat(drawn, np.diff(labels.starts)))
        return codes
    return sum((drawn[rows] @ labels[rows] for rows in row_slices(*labels.shape)), np.zeros(labels.shape[1], np.int64))

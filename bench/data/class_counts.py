"""Counts of known labels a class, and what is odd about it: the table that `bench prepare` shows."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


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
    counts = [
        list(zip(*((part == value).sum(axis=0).tolist() for value in (1, -1, 0)), strict=True))
        for part in (train, test)
    ]
    twins = _twins(classes, train)
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


def _twins(classes: Sequence[str], labels: np.ndarray) -> dict[str, str]:
    """Classes whose column equals that of an earlier one, where both kinds of labels are known."""
    first: dict[bytes, str] = {}
    twins = {}
    for name, column in zip(classes, np.ascontiguousarray(labels.T), strict=True):
        if (column == 1).any() and (column == -1).any():
            earlier = first.setdefault(column.tobytes(), name)
            if earlier != name:
                twins[name] = earlier
    return twins

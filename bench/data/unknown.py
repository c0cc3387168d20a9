"""Labels that are unknown in the data itself: which classes can be judged by the known ones, and how many there are."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.system.chunks import class_totals


def is_complete(labels: np.ndarray) -> bool:
    """Whether none of the labels (N, C) is unknown."""
    return bool(np.all(labels)) if isinstance(labels, np.ndarray) else len(labels.values) == labels.size


def known_totals(labels: np.ndarray) -> np.ndarray:
    """How many of the labels (N, C) of each class are known, int64 (C,)."""
    return class_totals(labels, 1) + class_totals(labels, -1)


def judgeable(labels: np.ndarray) -> np.ndarray:
    """bool (C,): classes with a known positive and a known negative; with one kind alone, every ranking is perfect."""
    return (class_totals(labels, 1) > 0) & (class_totals(labels, -1) > 0)


def judgeable_only(labels: np.ndarray) -> np.ndarray:
    """Labels (N, C) with all of a class unknown that cannot be judged.

    >>> judgeable_only(np.array([[1, 1], [-1, 0]], np.int8)).tolist()
    [[1, 0], [-1, 0]]
    """
    fine = judgeable(labels)
    return labels if fine.all() else np.where(fine, labels, np.int8(0))


def _unknown_share(labels: np.ndarray) -> float:
    return float(labels.size - known_totals(labels).sum()) / labels.size


def unknown_facts(
    class_names: Sequence[str], train: np.ndarray, test: np.ndarray, judged: np.ndarray
) -> dict[str, Any]:
    """Facts for rows about labels (N, C) that are unknown in the data; {} if none is. judged: of the test, as metrics.

    train, test: shares of unknown entries. test_known: known test entries that metrics are taken over. test_entries:
    of all images and classes. not_judged: classes that have no part in any metric.
    """
    if is_complete(train) and is_complete(test):
        return {}
    known = known_totals(judged)
    return {
        "unknown": {
            "train": _unknown_share(train),
            "test": _unknown_share(test),
            "test_known": int(known.sum()),
            "test_entries": int(test.size),
            "not_judged": [name for name, count in zip(class_names, known, strict=True) if not count],
        }
    }


def unknown_sentence(facts: dict[str, Any], classes: int) -> str:
    """The facts as a sentence; `facts` is what `unknown_facts` gives under "unknown"."""
    judged = classes - len(facts["not_judged"])
    return (
        f"labels are unknown in the data itself: {facts['train']:.1%} of the training and {facts['test']:.1%} of the "
        f"test entries (an image and a class); metrics are taken over the {facts['test_known']:,} known test entries "
        f"of {judged:,} of {classes:,} classes"
    )

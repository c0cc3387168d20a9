"""Thresholds of classes: the cut of a class's scores with the best F1, or the lowest with a required precision."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClassThresholds:
    """By class (C,): the threshold, and precision and recall of `score >= threshold` where it was chosen.

    NaN where none can be chosen: no known positive or no known negative, or no cut is precise enough.
    """

    values: np.ndarray
    precision: np.ndarray
    recall: np.ndarray


def choose_thresholds(scores: np.ndarray, labels: np.ndarray, precision: float | None = None) -> ClassThresholds:
    """Of scores (N, C) and labels (N, C), 0 where unknown. precision: the least that is wanted; None: the best F1.

    >>> scores = np.array([[3.0], [2.0], [1.0], [0.0]])
    >>> choose_thresholds(scores, np.array([[1], [-1], [1], [-1]])).values
    array([0.5])
    >>> choose_thresholds(scores, np.array([[1], [-1], [1], [-1]]), precision=0.9).values
    array([2.5])
    """
    columns = [_of_class(scores[:, c], labels[:, c], precision) for c in range(labels.shape[1])]
    return ClassThresholds(*(np.array(values, np.float64) for values in zip(*columns, strict=True)))


def _of_class(scores: np.ndarray, labels: np.ndarray, wanted: float | None) -> tuple[float, float, float]:
    known = labels != 0
    values, present = scores[known].astype(np.float64), labels[known] == 1
    if not present.any() or present.all():
        return np.nan, np.nan, np.nan
    order = np.argsort(-values, kind="stable")
    values = values[order]
    cuts = np.flatnonzero(np.append(values[1:] != values[:-1], True))  # equal scores stay together
    hits = present[order].cumsum()[cuts]
    precision, recall = hits / (cuts + 1), hits / present.sum()
    if wanted is None:
        best = int(np.argmax(2 * hits / (cuts + 1 + present.sum())))
    elif (precise := np.flatnonzero(precision >= wanted)).size:
        best = int(precise[-1])
    else:
        return np.nan, np.nan, np.nan
    lowest, below = values[cuts[best]], values[min(cuts[best] + 1, len(values) - 1)]
    return (lowest + below) / 2, precision[best], recall[best]

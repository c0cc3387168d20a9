"""Rows piece by piece, where a temporary of all of them would be as large as the labels or larger."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.system.sparse import SparseLabels

ENTRIES_AT_ONCE = 2**20
"""Labels that are looked at together: a mask of a million images must not be copied whole to be counted."""


def row_slices(rows: int, classes: int) -> Iterator[slice]:
    """Slices of (rows, classes) labels with ENTRIES_AT_ONCE of them each."""
    step = max(1, ENTRIES_AT_ONCE // max(classes, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def class_totals(labels: Any, value: int) -> np.ndarray:
    """How many of the labels (N, C) of each class have this value, int64 (C,)."""
    if isinstance(labels, SparseLabels) and value:
        return labels.class_totals(value)
    totals = np.zeros(labels.shape[1], np.int64)
    for rows in row_slices(*labels.shape):
        totals += np.count_nonzero(labels[rows] == value, axis=0)
    return totals


def row_totals(labels: Any, value: int) -> np.ndarray:
    """How many of the labels (N, C) of each image have this value, int64 (N,)."""
    if isinstance(labels, SparseLabels) and value:
        return labels.row_totals(value)
    totals = np.zeros(len(labels), np.int64)
    for rows in row_slices(*labels.shape):
        totals[rows] = np.count_nonzero(labels[rows] == value, axis=1)
    return totals

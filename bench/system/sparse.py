"""Labels held as lists of the known ones: what a table of all images and classes would not fit in memory for."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np


class SparseLabels:
    """int8 labels (N, C), 0 but for those listed; rows are given as dense arrays (n, C) on access.

    starts: int64 (N + 1,), where each row's labels begin in `columns` (int32) and `values` (int8, +1 or -1); a row's
    columns ascend. Never written to.
    """

    dtype = np.dtype(np.int8)
    ndim = 2

    def __init__(self, starts: np.ndarray, columns: np.ndarray, values: np.ndarray, classes: int):
        self.starts, self.columns, self.values = starts, columns, values
        self.shape = (len(starts) - 1, classes)

    @classmethod
    def of_entries(cls, rows: np.ndarray, columns: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> Any:
        """From entries in any order, each place at most once; those of value 0 are left out."""
        order = np.lexsort((columns, rows))
        order = order[values[order] != 0]
        starts = np.zeros(shape[0] + 1, np.int64)
        np.cumsum(np.bincount(rows[order], minlength=shape[0]), out=starts[1:])
        return cls(starts, columns[order].astype(np.int32), values[order].astype(np.int8), shape[1])

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1]

    def copy(self) -> "SparseLabels":
        return self

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Dense labels of some rows (a number, a slice, numbers or a mask)."""
        chosen = np.atleast_1d(np.arange(len(self))[rows])
        counts, places = self._places(chosen)
        dense = np.zeros((len(chosen), self.shape[1]), np.int8)
        dense[np.repeat(np.arange(len(chosen)), counts), self.columns[places]] = self.values[places]
        return dense[0] if np.ndim(rows) == 0 and not isinstance(rows, slice) else dense

    def take(self, rows: np.ndarray) -> "SparseLabels":
        """Some rows, as lists."""
        counts, places = self._places(rows)
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return SparseLabels(starts, self.columns[places], self.values[places], self.shape[1])

    def without(self, rows: np.ndarray) -> "SparseLabels":
        """The same with nothing known of some rows."""
        left = np.ones(len(self), bool)
        left[rows] = False
        counts = np.diff(self.starts)
        kept = np.repeat(left, counts)
        starts = np.concatenate(([0], np.cumsum(np.where(left, counts, 0)))).astype(np.int64)
        return SparseLabels(starts, self.columns[kept], self.values[kept], self.shape[1])

    def _places(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How many labels each of these rows has, and where they are listed."""
        first, counts = self.starts[rows], self.starts[np.asarray(rows) + 1] - self.starts[rows]
        before = np.cumsum(counts) - counts
        return counts, np.repeat(first - before, counts) + np.arange(int(counts.sum()))

    def class_totals(self, value: int) -> np.ndarray:
        """How many rows have this value (1 or -1) in each class, int64 (C,)."""
        return np.bincount(self.columns[self.values == value], minlength=self.shape[1])

    def row_totals(self, value: int) -> np.ndarray:
        """How many classes have this value (1 or -1) in each row, int64 (N,)."""
        return np.diff(np.concatenate(([0], np.cumsum(self.values == value)))[self.starts])

    @property
    def identity_bytes(self) -> Iterator[bytes]:
        """The bytes that distinguish these labels from others."""
        yield f"lists {self.shape}".encode()
        for array, kind in ((self.starts, "<i8"), (self.columns, "<i4"), (self.values, "i1")):
            yield array.astype(kind, copy=False).tobytes()

    @property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        for part in self.identity_bytes:
            digest.update(part)
        return digest.hexdigest()

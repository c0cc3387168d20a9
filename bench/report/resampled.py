"""Intervals over test images for the differences between cells, from their stored scores.

Each cell's scores are resampled once, with the draws that all cells of its dataset share, and the resampled mAPs are
kept, so that any difference of any means of cells is a subtraction afterwards.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from bench.errors import DataError
from bench.records.reader import StoreReader
from bench.records.rows import Row
from bench.records.warnings import warn_once
from bench.report.resampled_files import CellResamples, made_from, read_resampled, resampled_file, write_resampled
from bench.report.resampling_processes import share_out
from bench.stats import Difference, difference, multiplicities, resampled_map
from bench.stats.paired import Pair
from bench.stats.resampling import RESAMPLES
from bench.system.disk import if_allowed
from bench.system.progress import Progress


class Bootstraps:
    """Resampled mAPs by cell key; asking twice computes once, also across processes.

    The draws are held for one number of images at a time: uint8 (R, N), 40 MB for COCO's test images.
    """

    def __init__(self, rows: Mapping[str, Row], store: StoreReader, resamples: int = RESAMPLES):
        self.rows, self.store, self.resamples = rows, store, resamples
        self._bootstraps: dict[str, CellResamples] = {}
        self._labels: dict[str, np.ndarray] = {}
        self._counts = np.empty((0, 0), np.uint8)

    def available(self, key: str) -> bool:
        """Whether the cell has scores and the test labels that they belong to."""
        row = self.rows.get(key)
        if row is None or not self.store.has_scores(key):
            return False
        try:
            return self._labels_of(row) is not None
        except (OSError, DataError) as error:
            warn_once(str(error))
            return False

    def has(self, key: str) -> bool:
        """Whether `difference` need not compute for this cell."""
        return key in self._bootstraps

    def difference(self, pairs: Sequence[Pair]) -> Difference:
        """Of the mean over pairs; a cell that stands in several pairs counts in each."""
        ours, theirs = (
            [self._of(key) for key in keys] for keys in zip(*((p.key, p.against) for p in pairs), strict=True)
        )
        estimate = np.mean([one[0] for one in ours]) - np.mean([other[0] for other in theirs])
        samples = np.mean([one[1] for one in ours], axis=0) - np.mean([other[1] for other in theirs], axis=0)
        images = len(self._labels_of(self.rows[pairs[0].key]))
        return difference(float(estimate), samples, images)

    def prepare(self, keys: Iterable[str], progress: Progress | None = None, within: float | None = None) -> "Left":
        """Take what is kept of these cells and resample the others now, for `within` seconds at most if they are given.

        What was kept of other scores than the cell has now is removed. Returns the remaining cells, with the seconds
        that they would take at the pace so far.
        """
        missing = [key for key in dict.fromkeys(keys) if self.available(key) and not self.has(key)]
        todo = [key for key in missing if not self._take(key)]
        began, done = perf_counter(), 0
        for key in todo:
            spent = perf_counter() - began
            if within is not None and spent + spent / max(done, 1) > within:
                break
            if within is None and done == 1 and self._kept(todo[0]) is not None:
                share_out(self.store, todo[1:], spent, lambda more: progress and progress(1 + more, len(todo)))
            if not (done and self._take(key)):  # unless another process has made it
                self._bootstraps[key] = self._computed(key)
            done += 1
            if progress is not None:
                progress(done, len(todo))
        pace = (perf_counter() - began) / done if done else 0.0
        return Left(len(todo) - done, pace * (len(todo) - done))

    def _take(self, key: str) -> bool:
        """Whether the cell's resampled mAPs are kept; they are then in memory."""
        kept = self._kept(key)
        if kept is None:
            with if_allowed():
                resampled_file(self.store, key).unlink(missing_ok=True)
            return False
        self._bootstraps[key] = kept
        return True

    def _of(self, key: str) -> CellResamples:
        if key not in self._bootstraps:
            self._bootstraps[key] = self._kept(key) or self._computed(key)
        return self._bootstraps[key]

    def _origin(self, key: str) -> str:
        return made_from(self.store, key, self._labels_of(self.rows[key]), self.resamples)

    def _kept(self, key: str) -> CellResamples | None:
        return read_resampled(resampled_file(self.store, key), self._origin(key))

    def _computed(self, key: str) -> CellResamples:
        labels = self._labels_of(self.rows[key])
        if self._counts.shape[1] != len(labels):
            self._counts = multiplicities(len(labels), self.resamples)
        computed = resampled_map(self.store.scores(key), labels, self._counts)
        write_resampled(resampled_file(self.store, key), self._origin(key), computed)
        return computed

    def _labels_of(self, row: Row) -> np.ndarray:
        fingerprint = row.cell.dataset.fingerprint
        if fingerprint not in self._labels:
            self._labels[fingerprint] = self.store.targets(fingerprint).labels
        return self._labels[fingerprint]


@dataclass(frozen=True)
class Left:
    """Cells that were not resampled, and about how many seconds they would take: 0 if unknown."""

    cells: int = 0
    seconds: float = 0.0

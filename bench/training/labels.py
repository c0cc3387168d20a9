"""Labels of cells: what a method is given, what held-out images are judged by, and what the mask hides."""

import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.axes.methods import resolved_method
from bench.data import Dataset
from bench.data.unknown import judgeable, judgeable_only
from bench.errors import DataError
from bench.records.cells import Cell
from bench.system.sparse import SparseLabels
from bench.training.hidden import HiddenLabels
from bench.training.masks import Masks


class GivenLabels(NamedTuple):
    """Labels that something may be trained on or chosen by.

    observed: int8 (N, C), what the method is given. judged: int8 (H, C), what held-out images may be judged by.
    train_rows, heldout_rows: which images these are.
    """

    observed: np.ndarray
    judged: np.ndarray
    train_rows: np.ndarray
    heldout_rows: np.ndarray


class CellLabels:
    """The labels of a dataset as its cells may see them."""

    def __init__(self, dataset: Dataset, cache: Path):
        self.dataset, self.cache = dataset, cache

    @functools.cached_property
    def masks(self) -> Masks:
        """What protocols leave of the training labels."""
        return Masks(self.dataset.train, self.cache)

    def given(self, cell: Cell) -> GivenLabels:
        """The mask without the held-out images, or nothing for a method that says to use no labels."""
        train_rows, heldout_rows = self.masks.heldout_rows(cell)
        judged = self.dataset.train.judged[heldout_rows]
        if cell.judged == "observed":
            judged = np.where(judged != 0, self.masks.whole(cell)[heldout_rows], np.int8(0))
        unlabelled = resolved_method(cell.method).method.labels == "none"
        observed = self.masks.empty if unlabelled else self.masks.observed(cell, heldout_rows)
        return GivenLabels(observed, judged, train_rows, heldout_rows)

    def heldout(self, cell: Cell, given: GivenLabels) -> np.ndarray:
        """Labels int8 (N, C) by which held-out images are judged; 0 for all others, and for what tells nothing."""
        shape, judged = self.dataset.train.labels.shape, given.judged
        if cell.judged == "observed" or (len(given.heldout_rows) and self.dataset.has_unknown):
            judged = judgeable_heldout(cell, judged)
        if not len(given.heldout_rows):
            return np.broadcast_to(np.int8(0), shape)
        labels = np.zeros(shape, np.int8)
        labels[given.heldout_rows] = judged
        return labels

    def hidden(self, cell: Cell, given: GivenLabels) -> HiddenLabels | None:
        """What is hidden in the images trained on, for evaluation; labels held as lists are hidden by no protocol."""
        if not cell.test or isinstance(given.observed, SparseLabels):
            return None
        return HiddenLabels(self.dataset.train.judged, given.observed, given.heldout_rows)


def judgeable_heldout(cell: Cell, judged: np.ndarray) -> np.ndarray:
    """Labels int8 (H, C) of held-out images, without classes of which no positive or no negative is known.

    They tell no ranking from another (AP would be 100). DataError if no class is left.
    """
    if not judgeable(judged).any():
        raise DataError(
            f"{cell.title}: no class has both a known positive and a known negative among the {cell.holdout} % "
            "held-out training images, so nothing can be judged by them; hold out more, or give data of which more is "
            f"known{' (--holdout-labels full judges by what the protocol hides too)' * (cell.judged == 'observed')}."
        )
    return judgeable_only(judged)

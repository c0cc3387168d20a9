"""Mistakes of finished cells, from the scores and test labels that the store keeps: no model is run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.data.class_names import class_columns
from bench.errors import DataError, UsageError
from bench.mistakes.wrong_images import KINDS, ImageRanking, Kind, Shared, image_rankings, shared_mistakes
from bench.records.cells import Cell
from bench.records.find import names_apart
from bench.records.reader import StoreReader, Targets
from bench.records.rows import Row


@dataclass(frozen=True)
class ClassMistakes:
    """A class's ranking by each cell, and which images all of them or one alone gets wrong, by kind."""

    name: str
    column: int
    rankings: tuple[ImageRanking, ...]
    shared: dict[Kind, Shared]

    @property
    def share(self) -> float:
        """The share of the present images that stand wrong, mean over cells; 0 where none is present."""
        positives = self.rankings[0].positives
        return float(np.mean([len(one.wrong_rows("present")) for one in self.rankings])) / max(positives, 1)


@dataclass(frozen=True)
class Mistakes:
    """Of one cell, or of several on the same images. names: what tells them apart. count: images shown of each kind.

    classes: the largest share of wrong images first.
    """

    rows: tuple[Row, ...]
    names: tuple[str, ...]
    targets: Targets
    classes: tuple[ClassMistakes, ...]
    count: int

    @property
    def unknown(self) -> int:
        """Entries (an image and a class) whose label is not known; they are no mistakes."""
        return sum(one.rankings[0].unknown for one in self.classes)

    @property
    def entries(self) -> int:
        """All entries of these classes."""
        return len(self.targets.ids) * len(self.classes)

    def present_classes(self, row: int) -> list[str]:
        """What the labels say is in an image."""
        return [self.targets.class_names[c] for c in np.flatnonzero(self.targets.labels[row] == 1)]


def read_mistakes(store: StoreReader, cells: Sequence[Cell], classes: Sequence[str], count: int) -> Mistakes:
    """The mistakes of cells of one dataset in `classes`, or in all that it has."""
    rows = tuple(store.row(cell.key) for cell in cells)
    targets = _targets(store, cells[0])
    columns = class_columns(classes, targets.class_names) if classes else range(len(targets.class_names))
    by_cell = [image_rankings(_scores(store, cell, targets), targets.labels, targets.ids) for cell in cells]
    mistakes = []
    for column in columns:
        rankings = tuple(rankings[column] for rankings in by_cell)
        shared = {kind: shared_mistakes(rankings, kind) for kind in KINDS}
        mistakes.append(ClassMistakes(targets.class_names[column], column, rankings, shared))
    ordered = sorted(mistakes, key=lambda one: -one.share)
    return Mistakes(rows, tuple(names_apart(rows)), targets, tuple(ordered), count)


def _targets(store: StoreReader, cell: Cell) -> Targets:
    try:
        targets = store.targets(cell.dataset.fingerprint)
    except FileNotFoundError:
        raise DataError(
            f"{store.root} has lost the test labels of {cell.dataset.name}, without which nothing can be called wrong; "
            "give its `bench run` again."
        ) from None
    if targets.labels.shape != (len(targets.ids), len(targets.class_names)):
        raise DataError(
            f"{store.targets_file(cell.dataset.fingerprint)} is damaged: its labels are not one for each image and "
            "class; delete it and give `bench run` again."
        )
    return targets


def _scores(store: StoreReader, cell: Cell, targets: Targets) -> np.ndarray:
    called = f"cell {cell.key} ({cell.title})"
    if not cell.test:
        raise UsageError(f"{called} is a search's trial and has no test scores; give a cell of `bench run`.")
    try:
        scores = store.scores(cell.key)
    except FileNotFoundError:
        raise DataError(f"{called} has lost its scores; delete its folder and give `bench run` again.") from None
    if scores.shape != targets.labels.shape or not np.isfinite(scores).all():
        raise DataError(
            f"the scores of {called} are not a number for each test image and class; delete its folder and give "
            "`bench run` again."
        )
    return scores

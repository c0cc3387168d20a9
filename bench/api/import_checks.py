"""Checks of a cell of other people's: its test labels, its numbers and its mask are what they should be."""

import math
from typing import Any

import numpy as np

from bench.api.datasets_at_hand import DatasetsAtHand
from bench.errors import DataError
from bench.records.cell_file.reading import CellFile, SharedCell
from bench.records.cells import Cell
from bench.records.reader import Targets
from bench.records.store import Store
from bench.stats.metrics import average_precision, summary

METRIC_TOLERANCE = 1e-6
"""Points by which a metric of a row may differ from that of its scores: rounding on another machine."""


class RefusedCellError(DataError):
    """A cell of a file that is not taken into the store."""


def agreed_targets(source: CellFile, store: Store, cell: Cell, datasets: "DatasetsAtHand") -> Targets:
    """The test labels of the cell: those that are here, and the file's own only where nothing here tells them."""
    if not cell.test:
        raise RefusedCellError(
            f"cell {cell.key} ({cell.title}) is a search's trial, which no table holds; it is left out."
        )
    theirs, content = source.targets(cell.dataset.fingerprint), cell.dataset.fingerprint
    try:
        ours = datasets.targets(cell) or store.targets(content)
    except FileNotFoundError:
        ours = None
    if ours is None and theirs is None:
        raise RefusedCellError(
            f"cell {cell.key}: the test labels of {cell.dataset.name} are neither in the file nor here."
        )
    if ours is not None and theirs is not None and not _same(ours, theirs):
        raise RefusedCellError(
            f"cell {cell.key}: the file's test labels of {cell.dataset.name} are not those of its fingerprint here."
        )
    targets = ours or theirs
    assert targets is not None
    return targets


def _same(one: Targets, other: Targets) -> bool:
    return (one.ids, one.class_names) == (other.ids, other.class_names) and np.array_equal(one.labels, other.labels)


def refuse_other_metrics(shared: SharedCell, targets: Targets) -> None:
    """The row's numbers are those of its scores."""
    row, key = shared.row, shared.cell.key
    try:
        computed: dict[str, Any] = summary(shared.scores, targets.labels)
        ap = average_precision(shared.scores, targets.labels)
    except ValueError as error:
        raise RefusedCellError(f"cell {key}: its scores cannot be judged ({error}).") from None
    by_class = dict(zip(targets.class_names, ap.tolist(), strict=True))
    pairs = [(name, row.metrics.get(name), value) for name, value in computed.items() if name in row.metrics]
    pairs += [(f"AP of {name}", row.class_ap.get(name), value) for name, value in by_class.items()]
    for name, stated, value in pairs:
        if not _close(stated, value):
            raise RefusedCellError(
                f"cell {key}: its row says {name} {number_text(stated)}, and its scores give {number_text(value)}."
            )


def _close(stated: Any, value: float) -> bool:
    if stated is None or not isinstance(stated, (int, float)):
        return stated is None and math.isnan(value)
    return abs(stated - value) <= METRIC_TOLERANCE


def number_text(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, (int, float)) else str(value)[:40]

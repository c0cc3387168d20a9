"""Decisions of a cell: thresholds and probabilities, chosen once by known labels and kept in the cell's folder."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.prediction.known import KnownScores, known_scores
from bench.prediction.model import CellModel
from bench.prediction.probabilities import Calibration, Probabilities, calibrated
from bench.prediction.thresholds import ClassThresholds, choose_thresholds
from bench.records.rows import Row
from bench.records.store import Store
from bench.system.disk import if_allowed
from bench.system.files import read_json, write_json
from bench.trained import TrainedCell

DECISIONS_FILE = "decisions.json"


class Decisions:
    """Stored and new choices for a cell. origin: how each was made, by the same name."""

    def __init__(self, trained: TrainedCell, model: CellModel, store: Store, row: Row):
        self.trained, self.model = trained, model
        self.path: Path = store.file(row.key, DECISIONS_FILE)
        self.mark = f"{row.finished} {row.code} {row.mAP!r}"
        self.origin: dict[str, Any] = {}
        self._known: KnownScores | None = None

    def thresholds(self, precision: float | None = None) -> ClassThresholds:
        """With the best F1, or at least this precision."""
        name = "f1" if precision is None else f"precision {precision:g}"
        columns = ("values", "precision", "recall")
        return ClassThresholds(*self._get(name, columns, lambda k: choose_thresholds(k.logits, k.labels, precision)))

    def probabilities(self, method: Calibration) -> Probabilities:
        return Probabilities(*self._get(method, ("slope", "offset"), lambda k: calibrated(k.logits, k.labels, method)))

    def _get(self, name: str, columns: tuple[str, ...], choose: Callable[[KnownScores], Any]) -> tuple[np.ndarray, ...]:
        kept = self._kept()
        arrays = _arrays(kept.get(name), columns, len(self.model.class_names))
        if arrays is None:
            if self._known is None:
                self._known = known_scores(self.trained, self.model)
            chosen = choose(self._known)
            arrays = tuple(getattr(chosen, column) for column in columns)
            lists = {
                column: [None if math.isnan(value) else float(value) for value in array]
                for column, array in zip(columns, arrays, strict=True)
            }
            kept[name] = {"chosen_by": self._known.origin, **lists}
            with if_allowed():
                write_json(self.path, {"of": self.mark, "class_names": list(self.model.class_names), "chosen": kept})
        self.origin[name] = kept[name]["chosen_by"]
        return arrays

    def _kept(self) -> dict[str, Any]:
        """What the file holds, if it is of this very row; a store may be a stranger's."""
        try:
            data = read_json(self.path)
            return dict(data["chosen"]) if data["of"] == self.mark else {}
        except (OSError, ValueError, TypeError, KeyError):
            return {}


def _arrays(entry: Any, columns: tuple[str, ...], classes: int) -> tuple[np.ndarray, ...] | None:
    """The numbers of an entry, NaN for null; None where it is not whole."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("chosen_by"), Mapping):
        return None
    try:
        arrays = tuple(np.array([np.nan if x is None else float(x) for x in entry[c]]) for c in columns)
    except (TypeError, ValueError, KeyError):
        return None
    whole = all(array.shape == (classes,) for array in arrays)
    return arrays if whole and all((np.isnan(a) == np.isnan(arrays[0])).all() for a in arrays) else None

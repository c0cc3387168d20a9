"""The reading half of a store: what reports, MLflow and attention maps may do with finished and running cells."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from bench.errors import DataError
from bench.records import damage
from bench.records.frame import frame_of
from bench.records.layout import CURVE_FILE, SCORES_FILE, WEIGHTS_FILE
from bench.records.names import printable
from bench.records.origin import ORIGIN_FILE, CellOrigin
from bench.records.rows import Row
from bench.records.states import CellStates
from bench.records.warnings import warn_once
from bench.system.files import read_arrays, read_json

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Targets:
    """The test split that scores belong to: ids (N,), labels int8 (N, C), class names (C,)."""

    ids: tuple[str, ...]
    labels: np.ndarray
    class_names: tuple[str, ...]


class StoreReader(CellStates, Protocol):
    """Cells by key, and the sweeps that requested them; read only."""

    def row(self, key: str) -> Row:
        """The row of a cell that is done; DataError if it is damaged, and then the cell is not done."""
        return damage.read_row(self.file(key, "row.json"), key)

    def rows(self) -> list[Row]:
        return [self.row(key) for key in self.keys() if self.state(key) == "done"]

    def rows_of(self, methods: Collection[str]) -> Iterator[Row]:
        """Rows of the cells of these methods that are done."""
        return (row for row in self.rows() if row.cell.method.name in methods)

    def to_frame(self, metrics: str | Iterable[str] = ()) -> "pd.DataFrame":
        """A row for each finished cell; see `bench.records.frame.ROW_COLUMNS`.

        metrics: names of further metrics (`bench ls metrics`), each a last column; they are taken of the stored scores.
        """
        if not metrics:
            return frame_of(self.rows())
        from bench.metrics import parse_metrics
        from bench.records.measured import measured, with_columns

        chosen, rows = parse_metrics(metrics), self.rows()
        return with_columns(frame_of(rows), chosen, measured(rows, self, chosen))

    def curve(self, key: str) -> list[dict[str, Any]]:
        """One record an epoch: `epoch` from 1, `mAP` (test), `heldout_mAP`, `loss...`, `lr`, `seconds`, ..."""
        path = self.file(key, CURVE_FILE)
        if self._row_problem(key) == "" and path.exists():
            try:
                self._content(key, CURVE_FILE)
            except DataError as error:
                warn_once(f"{error} Its curve is not shown.")
                return []
        return damage.read_curve(path)

    def scores(self, key: str) -> np.ndarray:
        """Test logits float32 (N, C) of the last epoch; DataError if they are not those that were written."""
        with read_arrays(self.file(key, SCORES_FILE), self._content(key, SCORES_FILE)) as arrays:
            logits = arrays["logits"]
            if logits.ndim != 2 or logits.dtype != np.float32:
                raise ValueError(f"its scores are {logits.dtype} of {logits.ndim} dimensions")
            return logits

    def has_scores(self, key: str) -> bool:
        """Whether the cell's scores can be read; a warning says so where they are there, but damaged."""
        try:
            return self.file(key, SCORES_FILE).exists() and self.scores(key) is not None
        except (DataError, OSError) as error:
            warn_once(str(error))
            return False

    def weights(self, key: str) -> bytes | None:
        """Content of the file of the cell's final weights; None if there is none, DataError if it is damaged."""
        return self._content(key, WEIGHTS_FILE) if self.file(key, WEIGHTS_FILE).exists() else None

    def _content(self, key: str, name: str) -> bytes:
        """The content of a file of the cell, checked against the hash in its row."""
        path = self.file(key, name)
        content = path.read_bytes()
        expected = self.row(key).files.get(name) if self._row_problem(key) == "" else None
        if expected not in (None, hashlib.sha256(content).hexdigest()):
            raise DataError(
                f"{path} is damaged: it is not what was written; delete {path.parent} and give `bench run` again."
            )
        return content

    def origin(self, key: str) -> CellOrigin | None:
        """Who made the cell, None of one that was trained here."""
        path = self.file(key, ORIGIN_FILE)
        try:
            data = read_json(path) if path.exists() else None
        except (OSError, ValueError):
            data = {}
        return CellOrigin.from_json(data if isinstance(data, dict) else {}) if data is not None else None

    def targets(self, content: str) -> Targets:
        with read_arrays(self.targets_file(content)) as arrays:
            names = tuple(printable(arrays["class_names"].tolist()))
            return Targets(tuple(arrays["ids"]), arrays["labels"], names)

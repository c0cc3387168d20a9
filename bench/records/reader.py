"""The reading half of a store: what reports, MLflow and attention maps may do with finished and running cells."""

import hashlib
from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from bench.errors import DataError
from bench.records import damage
from bench.records.cells import Cell
from bench.records.claims import live_lease
from bench.records.frame import frame_of
from bench.records.jobs import JOB_FILE, CellJob, read_job
from bench.records.names import inside, printable
from bench.records.origin import ORIGIN_FILE, CellOrigin
from bench.records.rows import Row
from bench.records.sweeps import SweepRecord
from bench.system.files import read_arrays, read_json

if TYPE_CHECKING:
    import pandas as pd

SCORES_FILE, CURVE_FILE, WEIGHTS_FILE = "scores.npz", "curve.jsonl", "weights.safetensors"

CellState = Literal["planned", "running", "done", "failed"]


@dataclass(frozen=True)
class Targets:
    """The test split that scores belong to: ids (N,), labels int8 (N, C), class names (C,)."""

    ids: tuple[str, ...]
    labels: np.ndarray
    class_names: tuple[str, ...]


class StoreReader(Protocol):
    """Cells by key, and the sweeps that requested them; read only.

    Subclasses define where things are (the abstract methods) and inherit the reading.
    root: the folder that reports are written below.
    """

    root: Path

    @abstractmethod
    def folder(self, key: str) -> Path:
        """The folder of a cell, begun or not; DataError for what is no key."""

    @abstractmethod
    def keys(self) -> list[str]:
        """Keys of all cells that were ever started."""

    @abstractmethod
    def targets_file(self, content: str) -> Path:
        """The file of the test labels of the dataset with this fingerprint."""

    @abstractmethod
    def sweeps(self) -> list[SweepRecord]:
        """All sweeps, the one requested last at the end; other files are left out with a warning."""

    def file(self, key: str, name: str) -> Path:
        """A file of the cell; DataError where a link of that name leads out of the cell's folder."""
        return inside(self.folder(key), name)

    def state(self, key: str) -> CellState:
        problem = self._row_problem(key)
        if problem == "":
            return "done"
        if self.lease(key) is not None:
            return "running"
        return "failed" if problem or self.file(key, "error.txt").exists() else "planned"

    def _row_problem(self, key: str) -> str | None:
        return damage.row_problem(self.file(key, "row.json"), key)

    def damage(self, key: str) -> str:
        """What is wrong with the row of a cell that was done, and is to be trained again; "" for nothing."""
        return self._row_problem(key) or ""

    def lease(self, key: str) -> Mapping[str, Any] | None:
        """Who runs the cell now, or None; a lease of a process that is gone does not count."""
        return live_lease(self.file(key, "lease.json"))

    def job(self, key: str) -> CellJob | None:
        """The job of a cluster that began the cell last and has not finished it, or None."""
        return read_job(self.file(key, JOB_FILE))

    def error(self, key: str) -> str | None:
        """The traceback of a cell that failed, or what is wrong with the row of one that was done."""
        path = self.file(key, "error.txt")
        text = path.read_text(errors="replace") if path.exists() else self._row_problem(key)
        return printable(text) if text else None

    def reason(self, key: str) -> str:
        """The stored error in one line, `RuntimeError: out of luck`; "" for a cell that did not fail."""
        lines = (self.error(key) or "").splitlines()
        last_frame = max((i for i, line in enumerate(lines) if line.startswith('  File "')), default=-1)
        return next((line for line in lines[last_frame + 1 :] if line and not line.startswith(" ")), "")

    def failed_at(self, key: str) -> float:
        """When the cell's last attempt failed (seconds since the epoch), 0 if it did not."""
        path = self.file(key, "error.txt")
        return path.stat().st_mtime if path.exists() else 0.0

    def cell(self, key: str) -> Cell:
        """DataError if its description is damaged, FileNotFoundError if it was never begun."""
        return damage.read_cell(self.file(key, "cell.json"), key)

    def begun(self, keys: Iterable[str]) -> Iterator[Cell]:
        """Those of the cells that were begun here and can be read."""
        for key in dict.fromkeys(keys):
            with suppress(FileNotFoundError, DataError):
                yield self.cell(key)

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
                damage.warn_once(f"{error} Its curve is not shown.")
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
            damage.warn_once(str(error))
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

"""The store: plain files, one folder a cell, the only truth.

results/
  cells/<key>/   cell.json  row.json (its presence means: done)  curve.jsonl  scores.npz  log.txt  error.txt
                 weights.safetensors (final weights, unless --no-weights)  attention*.{svg,pdf,png,json} (`bench show`)
                 lock, lease.json (who runs it)  checkpoint/ (while running)
  targets/<dataset fingerprint>.npz   test ids, labels and class names, once for all cells of a dataset
  sweeps/<id>.json                    which cells a command asked for
"""

import dataclasses
import hashlib
import os
import socket
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import psutil
from filelock import FileLock, Timeout

from bench.errors import DataError
from bench.records import damage
from bench.records.cells import Cell
from bench.records.frame import frame_of
from bench.records.names import cell_key, fingerprint, inside, is_key, printable, refuse_links, sweep_id
from bench.records.rows import Row
from bench.records.sweeps import SweepRecord, read_sweep
from bench.system import files
from bench.system.files import atomic, read_arrays, write_arrays, write_json, write_text

if TYPE_CHECKING:
    import pandas as pd

SCORES, CURVE, WEIGHTS = "scores.npz", "curve.jsonl", "weights.safetensors"

State = Literal["planned", "running", "done", "failed"]


@dataclass(frozen=True)
class Targets:
    """The test split that scores belong to: ids (N,), labels int8 (N, C), class names (C,)."""

    ids: tuple[str, ...]
    labels: np.ndarray
    class_names: tuple[str, ...]


class Store:
    """A folder of cells. Any number of processes may share it."""

    def __init__(self, root: Path):
        self.root = Path(root)

    def folder(self, key: str) -> Path:
        return inside(self.root, "cells", cell_key(key))

    def file(self, key: str, name: str) -> Path:
        """A file of the cell; DataError where a link of that name leads out of the cell's folder."""
        return inside(self.folder(key), name)

    def keys(self) -> list[str]:
        """Keys of all cells that were ever started here."""
        cells = self.root / "cells"
        found = cells.iterdir() if cells.is_dir() else ()
        return sorted(p.name for p in found if is_key(p.name) and (p / "cell.json").exists())

    def state(self, key: str) -> State:
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
        lease = damage.read_lease(self.file(key, "lease.json"))
        if lease is None or lease["host"] != socket.gethostname():
            return lease
        try:
            alive = abs(psutil.Process(lease["pid"]).create_time() - lease["process_started"]) < 1
        except (psutil.Error, ValueError, OverflowError):
            alive = False
        return lease if alive else None

    @contextmanager
    def claim(self, cell: Cell) -> Iterator[Path | None]:
        """The cell's folder, held for this process alone; None if another holds it.

        The lock is the operating system's, so a killed process lets go of it at once.
        """
        folder = self.folder(cell.key)
        folder.mkdir(parents=True, exist_ok=True)
        refuse_links(folder)
        lock = FileLock(folder / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield None
            return
        try:
            started = psutil.Process().create_time()
            lease = {"host": socket.gethostname(), "pid": os.getpid(), "process_started": started, "at": time.time()}
            files.remove_leftovers(folder)
            write_json(folder / "lease.json", lease)
            if not damage.describes(folder / "cell.json", cell):
                write_json(folder / "cell.json", cell.to_json())
            yield folder
        finally:
            (folder / "lease.json").unlink(missing_ok=True)
            lock.release()

    def finish(self, row: Row, scores: np.ndarray, weights: bytes | None = None) -> None:
        """Record a finished cell; the row is written last, and makes it done.

        weights: content of the file that keeps them (`bench.training.weights`); None keeps none.
        """
        folder = self.folder(row.key)
        write_arrays(folder / SCORES, logits=scores.astype(np.float32))
        if weights is None:
            (folder / WEIGHTS).unlink(missing_ok=True)
        else:
            with atomic(folder / WEIGHTS) as file:
                file.write(weights)
        (folder / "error.txt").unlink(missing_ok=True)
        kept = [name for name in (SCORES, CURVE, WEIGHTS) if (folder / name).exists()]
        row = dataclasses.replace(row, files={name: damage.file_digest(folder / name) for name in kept})
        write_json(folder / "row.json", damage.sealed(row.to_json()))

    def fail(self, key: str, error: BaseException) -> None:
        """Keep the traceback; the cell is tried again by the next run."""
        write_text(self.folder(key) / "error.txt", "".join(traceback.format_exception(error)))

    def clear_error(self, key: str) -> None:
        """Forget that an earlier attempt failed: the cell is planned again."""
        (self.folder(key) / "error.txt").unlink(missing_ok=True)

    def error(self, key: str) -> str | None:
        """The traceback of a cell that failed, or what is wrong with the row of one that was done."""
        path = self.file(key, "error.txt")
        found = path.read_text(errors="replace") if path.exists() else self._row_problem(key)
        return printable(found) if found else None

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

    def to_frame(self) -> "pd.DataFrame":
        """A row for each finished cell; see `bench.records.frame.COLUMNS`."""
        return frame_of(self.rows())

    def curve(self, key: str) -> list[dict[str, Any]]:
        """One record an epoch: `epoch` from 1, `mAP` (test), `heldout_mAP`, `loss...`, `lr`, `seconds`, ..."""
        path = self.file(key, CURVE)
        if self._row_problem(key) == "" and path.exists():
            try:
                self._content(key, CURVE)
            except DataError as error:
                damage.warn_once(f"{error} Its curve is not shown.")
                return []
        return damage.read_curve(path)

    def scores(self, key: str) -> np.ndarray:
        """Test logits float32 (N, C) of the last epoch; DataError if they are not those that were written."""
        with read_arrays(self.file(key, SCORES), self._content(key, SCORES)) as arrays:
            logits = arrays["logits"]
            if logits.ndim != 2 or logits.dtype != np.float32:
                raise ValueError(f"its scores are {logits.dtype} of {logits.ndim} dimensions")
            return logits

    def has_scores(self, key: str) -> bool:
        """Whether the cell's scores can be read; a warning says so where they are there, but damaged."""
        try:
            return self.file(key, SCORES).exists() and self.scores(key) is not None
        except (DataError, OSError) as error:
            damage.warn_once(str(error))
            return False

    def weights(self, key: str) -> bytes | None:
        """Content of the file of the cell's final weights; None if there is none, DataError if it is damaged."""
        return self._content(key, WEIGHTS) if self.file(key, WEIGHTS).exists() else None

    def _content(self, key: str, name: str) -> bytes:
        """A file of the cell, which is what its row says."""
        path = self.file(key, name)
        content = path.read_bytes()
        expected = self.row(key).files.get(name) if self._row_problem(key) == "" else None
        if expected not in (None, hashlib.sha256(content).hexdigest()):
            raise DataError(
                f"{path} is damaged: it is not what was written; delete {path.parent} and give `bench run` again."
            )
        return content

    def targets_file(self, content: str) -> Path:
        """Where the test labels of the dataset with this fingerprint are kept."""
        return inside(self.root, "targets", f"{fingerprint(content)}.npz")

    def save_targets(self, content: str, targets: Targets) -> None:
        path = self.targets_file(content)
        try:
            self.targets(content)
        except (FileNotFoundError, DataError):
            ids, names = np.array(targets.ids), np.array(targets.class_names)
            write_arrays(path, ids=ids, labels=targets.labels, class_names=names)

    def targets(self, content: str) -> Targets:
        with read_arrays(self.targets_file(content)) as arrays:
            names = tuple(printable(arrays["class_names"].tolist()))
            return Targets(tuple(arrays["ids"]), arrays["labels"], names)

    def save_sweep(self, record: SweepRecord) -> None:
        """Keep what a command asked for; asking again moves the sweep to the end but leaves its creation time."""
        path = inside(self.root, "sweeps", f"{sweep_id(record.id)}.json")
        before = damage.readable(read_sweep, path) if path.exists() else None
        created = before.created if before else record.created
        write_json(path, dataclasses.replace(record, created=created, requested=record.created).to_json())

    def sweeps(self) -> list[SweepRecord]:
        """All sweeps, the one last asked for at the end; files that are none are left out with a warning."""
        found = [damage.readable(read_sweep, path) for path in sorted((self.root / "sweeps").glob("*.json"))]
        return sorted((record for record in found if record), key=lambda record: record.requested)

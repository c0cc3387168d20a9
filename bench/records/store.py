"""The store: plain files, one folder a cell, the only truth.

results/
  cells/<key>/   cell.json  row.json (its presence means: done)  curve.jsonl  scores.npz  log.txt  error.txt
                 weights.safetensors (final weights, unless --no-weights)  attention*.{svg,pdf,png,json} (`bench show`)
                 mistakes*.html (`bench show --errors`)  origin.json (`bench import-cells`: who made it)
                 lock, lease.json (who runs it)  job.json (which job of a cluster does)  checkpoint/ (while running)
  targets/<dataset fingerprint>.npz   test ids, labels and class names, once for all cells of a dataset
  sweeps/<id>.json                    which cells a command requested
  slurm/                              jobs that were submitted, and their output
"""

import dataclasses
import traceback
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from bench.errors import DataError, UsageError
from bench.records.cells import Cell
from bench.records.claims import claimed
from bench.records.damage import file_digest
from bench.records.jobs import JOB_FILE
from bench.records.layout import CURVE_FILE, SCORES_FILE, WEIGHTS_FILE
from bench.records.names import cell_key, fingerprint, is_key, sweep_id
from bench.records.origin import ORIGIN_FILE
from bench.records.paths import inside
from bench.records.reader import StoreReader, Targets
from bench.records.rows import Row
from bench.records.sealed import sealed
from bench.records.sweep_file import read_own_sweep
from bench.records.sweeps import SweepRecord
from bench.records.warnings import read_or_warn
from bench.system.files import atomic, write_arrays, write_json, write_text


class Store(StoreReader):
    """A folder of cells, read and written. Any number of processes may share it."""

    def __init__(self, root: Path):
        self.root = Path(root)

    def folder(self, key: str) -> Path:
        return inside(self.root, "cells", cell_key(key))

    def keys(self) -> list[str]:
        """Keys of all cells that were ever started here."""
        cells = self.root / "cells"
        folders = cells.iterdir() if cells.is_dir() else ()
        return sorted(p.name for p in folders if is_key(p.name) and (p / "cell.json").exists())

    def targets_file(self, content: str) -> Path:
        """Where the test labels of the dataset with this fingerprint are kept."""
        return inside(self.root, "targets", f"{fingerprint(content)}.npz")

    def sweeps(self) -> list[SweepRecord]:
        """All sweeps, the one requested last at the end; other files are left out with a warning."""
        paths = sorted((self.root / "sweeps").glob("*.json"))
        records = [read_or_warn(self._sweep, path) for path in paths]
        return sorted((record for record in records if record is not None), key=lambda record: record.requested)

    def _sweep(self, path: Path) -> SweepRecord:
        return read_own_sweep(inside(self.root, "sweeps", path.name))

    def claim(self, cell: Cell) -> AbstractContextManager[Path | None]:
        """The cell's folder, held for this process alone; None if another holds it."""
        return claimed(self.folder(cell.key), cell)

    def finish(self, row: Row, scores: np.ndarray, weights: bytes | None = None) -> None:
        """Record a finished cell; the row is written last, and makes it done.

        weights: content of the file that keeps them (`bench.training.weights`); None keeps none.
        """
        folder = self.folder(row.key)
        write_arrays(folder / SCORES_FILE, logits=scores.astype(np.float32))
        self.forget_attempts(row.key)
        if weights is not None:
            with atomic(folder / WEIGHTS_FILE) as file:
                file.write(weights)
        kept = [name for name in (SCORES_FILE, CURVE_FILE, WEIGHTS_FILE) if (folder / name).exists()]
        row = dataclasses.replace(row, files={name: file_digest(folder / name) for name in kept})
        write_json(folder / "row.json", sealed(row.to_json()))

    def forget_attempts(self, key: str) -> None:
        """Remove what earlier attempts at the cell, or another's, left beside a row that is about to be written."""
        for name in (WEIGHTS_FILE, "error.txt", JOB_FILE, ORIGIN_FILE):
            (self.folder(key) / name).unlink(missing_ok=True)

    def fail(self, key: str, error: BaseException) -> None:
        """Keep the traceback; the cell is tried again by the next run."""
        write_text(self.folder(key) / "error.txt", "".join(traceback.format_exception(error)))

    def clear_error(self, key: str) -> None:
        """Forget that an earlier attempt failed: the cell is planned again."""
        (self.folder(key) / "error.txt").unlink(missing_ok=True)

    def save_targets(self, content: str, targets: Targets) -> None:
        path = self.targets_file(content)
        try:
            self.targets(content)
        except (FileNotFoundError, DataError):
            ids, names = np.array(targets.ids), np.array(targets.class_names)
            write_arrays(path, ids=ids, labels=targets.labels, class_names=names)

    def save_sweep(self, record: SweepRecord) -> None:
        """Keep the sweep of a command; a repeated request moves it to the end but keeps its creation time."""
        path = inside(self.root, "sweeps", f"{sweep_id(record.id)}.json")
        before = read_or_warn(self._sweep, path) if path.exists() else None
        created = before.created if before else record.created
        write_json(path, dataclasses.replace(record, created=created, requested=record.created).to_json())


def existing_store(root: Path) -> Store:
    """The store in this folder, to be read; UsageError if there is no such folder."""
    if not root.is_dir():
        raise UsageError(f"There is no store at {root}; give the folder of a `bench run`, or start one.")
    return Store(root)

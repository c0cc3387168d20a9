"""The store: plain files, one folder a cell, the only truth.

results/
  cells/<key>/   cell.json  row.json (its presence means: done)  curve.jsonl  scores.npz  log.txt  error.txt
                 weights.safetensors (final weights, unless --no-weights)  attention*.{svg,pdf,png,json} (`bench show`)
                 lock, lease.json (who runs it)  checkpoint/ (while running)
  targets/<dataset fingerprint>.npz   test ids, labels and class names, once for all cells of a dataset
  sweeps/<id>.json                    which cells a command asked for
"""

import dataclasses
import os
import socket
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import psutil
from filelock import FileLock, Timeout

from bench.records.cells import Cell
from bench.records.names import cell_key, fingerprint, inside, is_key, printable, refuse_links, sweep_id
from bench.records.rows import Row
from bench.records.sweeps import SweepRecord, read_sweep
from bench.system.files import atomic, read_arrays, read_json, read_lines, write_arrays, write_json, write_text

WEIGHTS = "weights.safetensors"

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
        if self.file(key, "row.json").exists():
            return "done"
        if self.lease(key) is not None:
            return "running"
        return "failed" if self.file(key, "error.txt").exists() else "planned"

    def lease(self, key: str) -> dict[str, Any] | None:
        """Who runs the cell now, or None; a lease of a process that is gone does not count."""
        try:
            lease = printable(read_json(self.file(key, "lease.json")))
        except (FileNotFoundError, ValueError):
            return None
        if lease["host"] != socket.gethostname():
            return lease
        try:
            alive = abs(psutil.Process(lease["pid"]).create_time() - lease["process_started"]) < 1
        except psutil.NoSuchProcess:
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
            write_json(folder / "lease.json", lease)
            if not (folder / "cell.json").exists():
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
        write_arrays(folder / "scores.npz", logits=scores.astype(np.float32))
        if weights is None:
            (folder / WEIGHTS).unlink(missing_ok=True)
        else:
            with atomic(folder / WEIGHTS) as file:
                file.write(weights)
        (folder / "error.txt").unlink(missing_ok=True)
        write_json(folder / "row.json", row.to_json())

    def fail(self, key: str, error: BaseException) -> None:
        """Keep the traceback; the cell is tried again by the next run."""
        write_text(self.folder(key) / "error.txt", "".join(traceback.format_exception(error)))

    def clear_error(self, key: str) -> None:
        """Forget that an earlier attempt failed: the cell is planned again."""
        (self.folder(key) / "error.txt").unlink(missing_ok=True)

    def error(self, key: str) -> str | None:
        path = self.file(key, "error.txt")
        return printable(path.read_text()) if path.exists() else None

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
        return Cell.from_json(printable(read_json(self.file(key, "cell.json"))))

    def row(self, key: str) -> Row:
        return Row.from_json(printable(read_json(self.file(key, "row.json"))))

    def rows(self) -> list[Row]:
        return [self.row(key) for key in self.keys() if self.state(key) == "done"]

    def curve(self, key: str) -> list[dict[str, Any]]:
        """One record an epoch: `epoch` from 1, `mAP` (test), `heldout_mAP`, `loss...`, `lr`, `seconds`, ..."""
        return read_lines(self.file(key, "curve.jsonl"))

    def scores(self, key: str) -> np.ndarray:
        """Test logits float32 (N, C) of the last epoch."""
        with read_arrays(self.file(key, "scores.npz")) as arrays:
            return arrays["logits"]

    def weights(self, key: str) -> bytes | None:
        """Content of the file that keeps the cell's final weights; None if there is none."""
        path = self.file(key, WEIGHTS)
        return path.read_bytes() if path.exists() else None

    def targets_file(self, content: str) -> Path:
        """Where the test labels of the dataset with this fingerprint are kept."""
        return inside(self.root, "targets", f"{fingerprint(content)}.npz")

    def save_targets(self, content: str, targets: Targets) -> None:
        path = self.targets_file(content)
        if not path.exists():
            ids, names = np.array(targets.ids), np.array(targets.class_names)
            write_arrays(path, ids=ids, labels=targets.labels, class_names=names)

    def targets(self, content: str) -> Targets:
        with read_arrays(self.targets_file(content)) as arrays:
            names = tuple(printable(arrays["class_names"].tolist()))
            return Targets(tuple(arrays["ids"]), arrays["labels"], names)

    def save_sweep(self, record: SweepRecord) -> None:
        """Keep what a command asked for; asking again moves the sweep to the end but leaves its creation time."""
        path = inside(self.root, "sweeps", f"{sweep_id(record.id)}.json")
        created = read_sweep(path).created if path.exists() else record.created
        write_json(path, dataclasses.replace(record, created=created, requested=record.created).to_json())

    def sweeps(self) -> list[SweepRecord]:
        """All sweeps, the one last asked for at the end."""
        files = [inside(self.root, "sweeps", path.name) for path in (self.root / "sweeps").glob("*.json")]
        return sorted(map(read_sweep, files), key=lambda record: record.requested)

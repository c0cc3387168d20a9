"""The way back: a store made from MLflow alone, for reading.

A cell's run has all that the store keeps of it among its artifacts, byte for byte, so whatever is read from here is
what the first store says, number for number. The server may be a stranger's: tags are checked before they name a cell,
and of the artifacts those alone are fetched that a store has, each into a fresh folder of its own.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import DataError, UsageError
from bench.records.names import is_fingerprint, printable
from bench.records.reader import StoreReader
from bench.records.store import Store
from bench.records.sweep_file import read_sweep
from bench.records.sweeps import SweepRecord
from bench.system.files import write_json, write_text
from bench.tracking.database.client import open_client
from bench.tracking.database.downloads import RunFiles
from bench.tracking.database.location import is_server
from bench.tracking.database.paging import paged
from bench.tracking.database.reachable import TrackingError
from bench.tracking.database.sqlite import sqlite_path
from bench.tracking.runs.cells import CELL_FILES
from bench.tracking.runs.points import CURVES
from bench.tracking.runs.sweeps import RECORD, TARGETS

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


class Mirrored(StoreReader):
    """A store that is read from `source`; reports go to `root`."""

    def __init__(self, source: StoreReader, root: Path):
        self.source, self.root = source, root

    def folder(self, key: str) -> Path:
        return self.source.folder(key)

    def keys(self) -> list[str]:
        return self.source.keys()

    def targets_file(self, content: str) -> Path:
        return self.source.targets_file(content)

    def sweeps(self) -> list[SweepRecord]:
        return self.source.sweeps()


@contextmanager
def mirrored(uri: str, root: Path, sweep: str | None = None) -> Iterator[StoreReader]:
    """A store with the sweeps whose id starts with `sweep`, by default all, and their cells; gone with the block.

    uri: what `bench sync --tracking-uri` wrote to. root: where reports of it are written. UsageError if MLflow holds
    no such sweep, TrackingError if it cannot be read.
    """
    path = sqlite_path(uri)
    if path is not None and not path.exists():
        raise UsageError(f"There is no MLflow database {path}; give the address that `bench sync` printed.")
    with tempfile.TemporaryDirectory(prefix="bench-mlflow-") as folder:
        store = Store(Path(folder))
        try:
            _Mirror(open_client(uri), store, uri).fill(sweep)
        except (UsageError, TrackingError, DataError):
            raise
        except Exception as error:
            kind = "server" if is_server(uri) else "database"
            reason = f"{type(error).__name__}: {(str(error).strip().splitlines() or ['no message'])[0]}"
            raise TrackingError(
                f"The MLflow {kind} {uri} could not be read ({reason}); give the address that `bench sync` printed."
            ) from error
        yield Mirrored(store, root)


class _Mirror:
    def __init__(self, client: "MlflowClient", store: Store, uri: str):
        self.client, self.store, self.uri = client, store, uri
        self.experiments = [each.experiment_id for each in paged(client.search_experiments)]

    def fill(self, sweep: str | None) -> None:
        runs = {run.data.tags["sweep"]: run for run in self._runs("sweep") if "sweep" in run.data.tags}
        chosen = [run for name, run in runs.items() if name.startswith(sweep or "")]
        if not chosen:
            problem = f"no sweep {sweep!r}; it has {printable(', '.join(runs))}" if runs else "no sweep of bench"
            raise UsageError(f"MLflow at {self.uri} has {problem}; write one there with `bench sync --tracking-uri`.")
        keys = {key for run in chosen for key in self._sweep(run).keys}
        for run in self._runs("cell"):
            if run.data.tags.get("cell_key") in keys:
                self._cell(run)

    def _sweep(self, run: "Run") -> SweepRecord:
        files = RunFiles(self.client, run.info.run_id)
        with files.fetched(RECORD) as path:
            record = read_sweep(path)
        self.store.save_sweep(record)
        for name in files.names(TARGETS):
            folder, _, file = name.rpartition("/")
            if folder == TARGETS and file.endswith(".npz") and is_fingerprint(file.removesuffix(".npz")):
                files.take(name, self.store.root)
        return record

    def _cell(self, run: "Run") -> None:
        """The cell's folder in the state of the run."""
        key, state = run.data.tags["cell_key"], run.data.tags.get("status")
        files, folder = RunFiles(self.client, run.info.run_id), self.store.folder(key)
        folder.mkdir(parents=True, exist_ok=True)
        if state == "running":
            files.take("cell.json", folder)
            # The lease of another machine, which cannot be checked here.
            write_json(folder / "lease.json", {"host": "MLflow", "pid": 0, "process_started": 0})
            write_text(folder / "curve.jsonl", "".join(json.dumps(line) + "\n" for line in self._curve(run)))
            return
        for name in sorted({*files.names()} & {*CELL_FILES}):
            files.take(name, folder)
        # An artifact cannot be taken back: what an earlier attempt left is not the cell's any more.
        for name, of in (("row.json", "done"), ("error.txt", "failed")):
            if state != of:
                (folder / name).unlink(missing_ok=True)

    def _curve(self, run: "Run") -> list[dict[str, Any]]:
        history = self.client.get_metric_history(run.info.run_id, f"{CURVES}mAP")
        return [{"epoch": m.step, "mAP": m.value} for m in sorted(history, key=lambda m: m.step)]

    def _runs(self, kind: str) -> Iterator["Run"]:
        return paged(self.client.search_runs, self.experiments, f"tags.kind = '{kind}'", max_results=1000)

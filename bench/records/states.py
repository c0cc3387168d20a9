"""States of cells: planned, running, done or failed, by what lies in their folders."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal, Protocol

from bench.errors import DataError
from bench.records import damage
from bench.records.cells import Cell
from bench.records.claims import live_lease
from bench.records.jobs import JOB_FILE, CellJob, read_job
from bench.records.layout import StoreLayout
from bench.records.names import printable

CellState = Literal["planned", "running", "done", "failed"]


class CellStates(StoreLayout, Protocol):
    """The state of each cell, who runs it, and why it failed."""

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

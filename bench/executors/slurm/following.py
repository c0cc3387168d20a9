"""Cells that jobs train, followed from outside by what the jobs write into the store."""

from concurrent.futures import Future
from dataclasses import dataclass, field

from bench.errors import UsageError
from bench.executors.base import Ended, level
from bench.executors.followed import FollowedCell
from bench.records.cells import Cell
from bench.records.layout import CURVE_FILE
from bench.records.store import Store


@dataclass(eq=False)
class CellInJobs:
    """A cell that this command waits for.

    failed_before: when it had failed before this. jobs: those that have it now. submissions: how often it was given to
    jobs since it last got further, and `epochs` how far that was.
    """

    cell: Cell
    follower: FollowedCell
    failed_before: float
    future: Future[Ended] = field(default_factory=Future)
    jobs: tuple[str, ...] = ()
    submissions: int = 0
    epochs: int = 0
    _curve_size: int = -1

    @property
    def key(self) -> str:
        return self.cell.key

    def look(self, store: Store) -> None:
        """Pass on what is new in the store; if the cell has come to its end there, its future has a result then."""
        if self.future.done():
            return
        done = store.state(self.key) == "done"
        failed = not done and store.failed_at(self.key) not in (0.0, self.failed_before)
        try:
            self._pass_on(store, done)
            self.follower.raise_problem()
        except Exception as error:
            self.future.set_exception(error)
            return
        if done:
            self.future.set_result(Ended(self.key, "done", level(store.row(self.key))))
        elif failed:
            self.future.set_result(Ended(self.key, "failed", store.reason(self.key)))

    def fail(self, store: Store, error: Exception) -> None:
        """Record that the cell failed, unless another process holds it after all."""
        with store.claim(self.cell) as folder:
            if folder is None or store.state(self.key) == "done":
                return
            store.fail(self.key, error)
        self.future.set_result(Ended(self.key, "failed", f"{type(error).__name__}: {error}"))

    def _pass_on(self, store: Store, done: bool) -> None:
        if done or store.lease(self.key) is not None:
            self.follower.begin()
        path = store.file(self.key, CURVE_FILE)
        size = path.stat().st_size if path.exists() else 0
        if size == self._curve_size:
            return
        self._curve_size = size
        for record in store.curve(self.key):
            if record["epoch"] > self.epochs:
                self.epochs, self.submissions = record["epoch"], 1
            if self.follower.epoch(record):
                self.follower.raise_problem()
                raise UsageError("a cell in a Slurm job cannot be ended early; give another --executor.")

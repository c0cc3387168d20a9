"""Cells in this process, one after the other."""

import threading
from concurrent.futures import Future
from typing import Any, Self

from bench.executors.attempt import attempt
from bench.executors.base import Ended, Follow, Started
from bench.executors.followed import FollowedCell
from bench.records.cells import Cell
from bench.records.store import Store
from bench.system.threads import limit_threads
from bench.training.resources import Resources


class Inline:
    """`submit` runs the cell at once, in the calling thread, and returns a finished future.

    threads: CPU threads of this process from now on; None leaves them alone.
    """

    slots = 1

    def __init__(self, resources: Resources, store: Store, threads: int | None = None):
        self.resources, self.store = resources, store
        self._turn = threading.Lock()
        if threads:
            limit_threads(threads)

    def submit(self, cell: Cell, follow: Follow | None = None, started: Started | None = None) -> Future[Ended]:
        """Run the cell now. Ctrl-C comes out of here and not with the future."""
        future: Future[Ended] = Future()
        followed = FollowedCell(follow, started, self._turn)
        try:
            ended = attempt(cell, self.store, self.resources, followed.begin, followed.epoch)
            followed.raise_problem()
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(ended)
        return future

    def close(self) -> None:
        """Nothing runs beside the caller."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

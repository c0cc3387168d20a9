"""The driver of a sweep: skips what is done, runs the rest on an executor, and informs an observer."""

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Protocol

from bench.executors.base import Ended, Ending, Executor, level
from bench.records.cells import Cell
from bench.records.store import Store
from bench.records.warnings import warn_once

HELD_POLL_SECONDS = 0.5


class Observer(Protocol):
    """Receives the progress of a sweep; one call at a time."""

    def cell_started(self, cell: Cell) -> None: ...

    def epoch_ended(self, cell: Cell, epoch: int, epochs: int, record: dict[str, Any]) -> None: ...

    def cell_ended(self, cell: Cell, ending: Ending, message: str) -> None: ...


def run_cells(cells: Sequence[Cell], store: Store, executor: Executor, observer: Observer) -> None:
    """Bring every cell to an end; cells that other drivers hold are waited for.

    A cell that fails is recorded and does not stop the others; one that fails in another driver meanwhile is not tried
    again here. The observer receives "cached" for cells that were done before, and "elsewhere" for those that another
    driver finished meanwhile.
    """
    driver = _Driver(store, executor, observer)
    waiting: deque[Cell] = deque()
    for cell in cells:
        if store.state(cell.key) == "done":
            observer.cell_ended(cell, "cached", "")
        else:
            if problem := store.damage(cell.key):
                warn_once(f"{problem} It is trained again now.")
            waiting.append(cell)
    running: dict[Future[Ended], Cell] = {}
    held = 0  # cells in a row that other drivers had
    while waiting or running:
        while held < len(waiting) and len(running) < executor.slots:
            cell = waiting.popleft()
            if not driver.ended_elsewhere(cell):
                running[driver.submit(cell)] = cell
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            cell, ended = running.pop(future), future.result()
            if ended.ending == "elsewhere":
                waiting.append(cell)
                held += 1
            else:
                driver.end(cell, "elsewhere" if ended.ending == "cached" else ended.ending, ended.message)
                held = 0
        if waiting and held >= len(waiting):
            wait(running, timeout=HELD_POLL_SECONDS) if running else time.sleep(HELD_POLL_SECONDS)
            held = 0


class _Driver:
    """State of one sweep: records how each of its cells ends."""

    def __init__(self, store: Store, executor: Executor, observer: Observer):
        self.store, self.executor, self.observer = store, executor, observer
        self.began = time.time()
        self.turn = threading.RLock()

    def submit(self, cell: Cell) -> Future[Ended]:
        epochs = cell.epochs

        def started() -> None:
            with self.turn:
                self.observer.cell_started(cell)

        def follow(epoch: int, record: Mapping[str, Any]) -> bool:
            with self.turn:
                self.observer.epoch_ended(cell, epoch, epochs, dict(record))
            return False

        return self.executor.submit(cell, follow, started)

    def ended_elsewhere(self, cell: Cell) -> bool:
        """Whether another driver has ended the cell since this sweep began; if so, the observer is informed."""
        if self.store.state(cell.key) == "done":
            self.end(cell, "elsewhere", level(self.store.row(cell.key)))
        elif self.store.failed_at(cell.key) > self.began:
            self.end(cell, "failed", self.store.reason(cell.key))
        else:
            return False
        return True

    def end(self, cell: Cell, ending: Ending, message: str) -> None:
        with self.turn:
            self.observer.cell_ended(cell, ending, message)

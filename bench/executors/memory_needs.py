"""Memory that a cell needs: what the finished cells of its method took, and a usual amount until there is one."""

import threading

from bench.records.cells import Cell
from bench.records.store import Store
from bench.system.capacity import LOW_MEMORY, WORKER_MEMORY

MARGIN = 1.1
"""Cells of one method differ with the ratio and the seed."""


class MemoryNeeds:
    """Bytes by method, for cells of one dataset; learned from those that end while this object lives."""

    def __init__(self, store: Store):
        self._store = store
        self._most: dict[str, float] = {}
        self._turn = threading.Lock()

    def of(self, cell: Cell, warm: bool) -> int:
        """What must be available before the cell begins; warm: in a process that already runs."""
        usual = LOW_MEMORY if warm else WORKER_MEMORY
        return max(usual, int(self._most.get(cell.method.name, 0.0) * MARGIN * 2**20))

    def learn(self, cell: Cell) -> None:
        """Take the peak memory from a finished cell's row."""
        peak = self._store.row(cell.key).peak_memory.get("process", 0.0)
        with self._turn:
            self._most[cell.method.name] = max(peak, self._most.get(cell.method.name, 0.0))

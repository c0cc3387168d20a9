"""Memory that a cell needs: what finished cells of its method took, and an estimate until there is one."""

import threading
from collections.abc import Callable

from bench.planning.memory import MARGIN, memory_needs
from bench.records.cells import Cell
from bench.records.store import Store
from bench.system.capacity import LOW_MEMORY, WORKER_MEMORY


class MemoryNeeds:
    """Bytes by method, for cells of one dataset; learned from those in the store and those that end meanwhile.

    beyond: an estimate of what a cell takes beside a usual worker's memory.
    """

    def __init__(self, store: Store, beyond: Callable[[Cell], int] = lambda cell: 0):
        self._store, self._beyond = store, beyond
        self._most: dict[str, int] = {}
        self._turn = threading.Lock()

    def of(self, cell: Cell, warm: bool) -> int:
        """What must be available before the cell begins; warm: in a process that already runs."""
        usual, name = LOW_MEMORY if warm else WORKER_MEMORY, cell.method.name
        with self._turn:
            if name not in self._most:
                self._most[name] = memory_needs([cell], self._store.rows_of({name})).get(name, 0)
            return max(usual, self._most[name]) if self._most[name] else usual + self._beyond(cell)

    def learn(self, cell: Cell) -> None:
        """Take the peak memory from a finished cell's row."""
        peak = self._store.row(cell.key).peak_memory.get("process", 0.0)
        with self._turn:
            need = int(peak * MARGIN * 2**20)
            self._most[cell.method.name] = max(need, self._most.get(cell.method.name, 0))

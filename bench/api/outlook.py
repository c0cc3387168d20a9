"""The outlook of a plan: the state of its cells in the store, and about how long the rest will take."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from bench.api.execution import Execution
from bench.data import Dataset
from bench.executors import CLUSTERS
from bench.planning.forecast import Forecast, Past, forecast
from bench.planning.memory import at_once, estimated_needs, least_need, memory_needs
from bench.planning.plan import PlannedPlace
from bench.records.cells import Cell
from bench.records.layout import CHECKPOINT_FILE
from bench.records.store import Store
from bench.system.capacity import WORKER_MEMORY, available_memory, worker_count
from bench.system.device import choose_device
from bench.system.environment import environment


@dataclass(frozen=True)
class Outlook:
    """A plan against a store: the state of every distinct cell, in running order, and the time of those to run.

    memory: bytes of a cell by method. at_once: workers, of methods that not all workers have room for. estimated:
    methods whose memory no finished cell tells.
    """

    entries: Sequence[PlannedPlace]
    states: Mapping[str, str]
    expected: Forecast
    memory: Mapping[str, int] = field(default_factory=dict)
    at_once: Mapping[str, int] = field(default_factory=dict)
    estimated: frozenset[str] = frozenset()

    @property
    def counts(self) -> dict[str, int]:
        """Cells by state; `todo`: all that are not done; `skipped`: places that no cell can fill."""
        by_state = Counter(self.states.values())
        counts = {state: by_state[state] for state in ("done", "failed", "running", "planned")}
        todo = len(self.states) - counts["done"]
        skipped = sum(entry.cell is None for entry in self.entries)
        return {"cells": len(self.states), **counts, "todo": todo, "skipped": skipped}

    def state(self, entry: PlannedPlace) -> str:
        return self.states[entry.cell.key] if entry.cell else f"skipped: {entry.skipped}"

    def to_json(self) -> dict[str, Any]:
        places = [{**entry.place.to_json(), "state": self.state(entry)} for entry in self.entries]
        memory = {
            "bytes": dict(self.memory),
            "at_once": dict(self.at_once),
            "estimated": sorted(self.estimated),
        }
        return {"cells": self.counts, "expected": self.expected.to_json(), "memory": memory, "places": places}


def look_ahead(
    entries: Sequence[PlannedPlace], cells: Sequence[Cell], dataset: Dataset, execution: Execution
) -> Outlook:
    """Look at the store; nothing is changed."""
    store, device = execution.store, choose_device(execution.device)
    states = {cell.key: store.state(cell.key) for cell in cells}
    names: dict[str, str] = {}
    for entry in entries:
        if entry.cell:
            names.setdefault(entry.cell.key, entry.method)
    todo = {cell.key: (names[cell.key], cell) for cell in cells if states[cell.key] != "done"}
    left = [cell for _, cell in todo.values()]
    rows = list(store.rows_of({cell.method.name for cell in left}))
    known = memory_needs(left, rows)
    memory = _with_estimates(known, execution, left, dataset)
    workers = expected_workers(execution, len(todo), device, least_need(left, memory))
    past = Past(rows, environment(device)["device"])
    progress = {key: _progress(store, cell) for key, (_, cell) in todo.items()}
    expected = forecast(todo, progress, past, dataset.sizes, workers)
    fitting = at_once(memory, workers, available_memory())
    return Outlook(entries, states, expected, memory, fitting, frozenset(memory) - frozenset(known))


def expected_memory(execution: Execution, cells: Sequence[Cell], dataset: Dataset) -> dict[str, int]:
    """By method the bytes that a cell takes, from finished cells of the store, or else estimated."""
    known = memory_needs(cells, execution.store.rows_of({cell.method.name for cell in cells}))
    return _with_estimates(known, execution, cells, dataset)


def _with_estimates(
    known: Mapping[str, int], execution: Execution, cells: Sequence[Cell], dataset: Dataset
) -> dict[str, int]:
    """On a CPU alone: of what a GPU holds, little is in a worker's own memory."""
    new = [cell for cell in cells if cell.method.name not in known]
    on_cpu = choose_device(execution.device).type == "cpu"
    return {**(estimated_needs(new, dataset, execution.cache) if on_cpu else {}), **known}


def expected_workers(execution: Execution, todo: int, device: torch.device, memory: int = WORKER_MEMORY) -> int:
    """Cells that train at once; one for a cluster of unknown size."""
    if execution.executor in ("inline", *CLUSTERS):
        return execution.workers or 1
    return worker_count(execution.workers, todo, device, execution.threads, memory)


def _progress(store: Store, cell: Cell) -> float:
    """The share of the cell's epochs that need not be trained again."""
    epochs = cell.epochs
    if not epochs or not store.file(cell.key, CHECKPOINT_FILE).exists():
        return 0.0
    return min(len(store.curve(cell.key)) / epochs, 1.0)

"""The outlook of searches: the trials that each has and still needs, and about how long those will take."""

import dataclasses
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.api.execution import Execution
from bench.api.outlook import expected_workers
from bench.data import Dataset
from bench.planning.forecast import makespan
from bench.records.cells import Cell
from bench.records.rows import Row
from bench.studies.search.archive import SearchArchive, cells_of
from bench.studies.search.request import SearchRequest
from bench.system.device import choose_device
from bench.system.environment import environment

ENDED = ("complete", "pruned")
"""A trial that failed is tried again by the next command, so it still is one to do."""


@dataclass(frozen=True)
class SearchOutlook:
    """One search before it goes on.

    search: its id. settings: the options that it varies. done, todo: trials. cells: trainings of one trial. seconds:
    wall time of the trials that are left; None where the method has finished no cell here.
    """

    method: str
    search: str
    settings: tuple[str, ...]
    done: int
    todo: int
    cells: int
    seconds: float | None

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def search_outlooks(
    requests: Sequence[SearchRequest], dataset: Dataset, total: int, execution: Execution
) -> list[SearchOutlook]:
    """What is left of each search; nothing is changed. total: trials wanted of each method."""
    device = choose_device(execution.device)
    store, methods = execution.store, {one.method for one in requests}
    name_of_device = environment(device)["device"]
    rows = [*cells_of(store).rows_of(methods), *store.rows_of(methods)]  # of trials, and of sweeps
    outlooks = []
    for request in requests:
        name, cells = request.id(dataset), request.cells(dataset, {})
        done = sum(trial.state in ENDED for trial in SearchArchive(execution.results, name).trials)
        todo = max(total - done, 0)
        each, trainings = typical_seconds(cells[0], rows, name_of_device), todo * len(cells)
        workers = expected_workers(execution, trainings, device)
        seconds = None if each is None else makespan([each] * trainings, workers)
        outlooks.append(SearchOutlook(request.method, name, tuple(request.space), done, todo, len(cells), seconds))
    return outlooks


def typical_seconds(cell: Cell, rows: Iterable[Row], device: str) -> float | None:
    """Seconds of a cell of this method on these features, whatever its settings: the median; None if unknown.

    A search varies settings, so no finished cell is quite like the next.
    """
    alike = [row for row in rows if _kind(row.cell) == _kind(cell) and row.environment.get("device") == device]
    return statistics.median(row.timings["total"] for row in alike) if alike else None


def _kind(cell: Cell) -> Any:
    return cell.method.name, cell.method.version, cell.dataset.name, cell.backbone, cell.feed

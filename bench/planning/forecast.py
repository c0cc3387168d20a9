"""Forecast of running times from the cells that have finished in the same store; no number where there are none.

A cell's time is that of cells with the same settings and data where there are any. Otherwise it is scaled: epochs times
the images that each epoch trains on and scores, at the rate of the same method on the same features.
"""

import dataclasses
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bench.records.cells import Cell
from bench.records.rows import Row

Basis = Literal["equal", "scaled"]

RECENT = 20
"""Rows that an estimate is taken from at most, the last to finish: machines and code change."""


@dataclass(frozen=True)
class Estimate:
    """Seconds of one whole cell; basis: cells that differ in ratio and seed alone, or scaled ones; from how many."""

    seconds: float
    basis: Basis
    rows: int


@dataclass(frozen=True)
class Forecast:
    """What a set of cells will take. seconds: wall time on `workers` of all cells that can be estimated.

    methods: by the method's name in the table its cells, their seconds each, and what that rests on; None: unknown.
    """

    seconds: float
    workers: int
    methods: Mapping[str, "MethodForecast"] = field(default_factory=dict)

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(name for name, method in self.methods.items() if method.unknown)

    def to_json(self) -> dict[str, Any]:
        methods = {name: dataclasses.asdict(method) for name, method in self.methods.items()}
        seconds = self.seconds if any(m.cells > m.unknown for m in self.methods.values()) else None
        return {"seconds": seconds, "workers": self.workers, "unknown": list(self.unknown), "methods": methods}


@dataclass(frozen=True)
class MethodForecast:
    """cells: that are to run, `unknown` of them with no estimate. seconds: of all others, one after the other.

    basis: "equal" where every estimate is, None without any; rows: finished cells that the estimates rest on.
    """

    cells: int
    unknown: int
    seconds: float | None
    basis: Basis | None
    rows: int


class Past:
    """The finished cells of a store, by what makes them comparable. device: where the new cells will run."""

    def __init__(self, rows: Iterable[Row], device: str):
        self._equal: dict[Any, list[float]] = {}
        self._rates: dict[Any, list[float]] = {}
        for row in sorted(rows, key=lambda row: row.finished):
            if str(row.environment.get("device")) != device:
                continue
            total = float(row.timings["total"])
            self._equal.setdefault(_settings(row.cell), []).append(total)
            if work := _work(row.cell, row.data):
                self._rates.setdefault(_kind(row.cell), []).append(total / work)

    def estimate(self, cell: Cell, images: Mapping[str, Any]) -> Estimate | None:
        """images: `Dataset.sizes` of the cell's dataset."""
        if times := self._equal.get(_settings(cell), [])[-RECENT:]:
            return Estimate(statistics.median(times), "equal", len(times))
        rates, work = self._rates.get(_kind(cell), [])[-RECENT:], _work(cell, images)
        return Estimate(statistics.median(rates) * work, "scaled", len(rates)) if rates and work else None


def _settings(cell: Cell) -> Any:
    """All of a cell but its randomness and the share of its labels."""
    return cell.method, cell.dataset, cell.protocol.name, cell.backbone, cell.feed, cell.holdout, cell.test


def _kind(cell: Cell) -> Any:
    """What has a rate of its own: the method on these features; other data of the same dataset will do."""
    return cell.method.name, cell.method.version, cell.dataset.name, cell.backbone, cell.feed, cell.test


def _work(cell: Cell, images: Mapping[str, Any]) -> float:
    """Images seen, in training and evaluation; 0 where nothing is known of the data, or nothing is trained."""
    if "train_images" not in images or "test_images" not in images:
        return 0.0
    return float(cell.epochs * (images["train_images"] + images["test_images"]))


def forecast(
    cells: Mapping[str, tuple[str, Cell]],
    progress: Mapping[str, float],
    past: Past,
    images: Mapping[str, Any],
    workers: int,
) -> Forecast:
    """What these cells will take; by key, with the name of their line in the table.

    progress: the share of a cell that is done. images: `Dataset.sizes` of the dataset of all these cells. Wall time is
    that of handing the cells in their order to whichever worker is free.
    """
    estimates = {key: past.estimate(cell, images) for key, (_, cell) in cells.items()}
    left = {key: estimate.seconds * (1 - progress.get(key, 0.0)) for key, estimate in estimates.items() if estimate}
    keys: dict[str, list[str]] = {}
    for key, (name, _) in cells.items():
        keys.setdefault(name, []).append(key)
    methods = {}
    for name, own in keys.items():
        known = [estimate for key in own if (estimate := estimates[key])]
        bases: set[Basis] = {estimate.basis for estimate in known}
        methods[name] = MethodForecast(
            cells=len(own),
            unknown=len(own) - len(known),
            seconds=sum(left.get(key, 0.0) for key in own) if known else None,
            basis=("scaled" if "scaled" in bases else "equal") if known else None,
            rows=max((estimate.rows for estimate in known), default=0),
        )
    return Forecast(makespan(list(left.values()), workers), workers, methods)


def makespan(seconds: Sequence[float], workers: int) -> float:
    """When the last of these jobs ends, each begun in order by the worker that is free first.

    >>> makespan([3.0, 1.0, 1.0, 2.0], 2)
    4.0
    """
    free = [0.0] * max(workers, 1)
    for duration in seconds:
        soonest = free.index(min(free))
        free[soonest] += duration
    return max(free)

"""`bench run --dry-run`: the plan with the state of its cells, and about how long the rest will take."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import typer
from rich import box
from rich.table import Table

from bench.cli.console import plain_console
from bench.cli.display import clock_time
from bench.cli.execute import Plan
from bench.cli.options import How
from bench.planning.forecast import Forecast, MethodForecast, Past, forecast
from bench.planning.plan import PlannedPlace
from bench.records.cells import Cell
from bench.records.store import Store
from bench.system.capacity import worker_count
from bench.system.environment import environment
from bench.system.wording import counted
from bench.training.resources import choose_device

LONG = 40
"""Places that are still listed one by one; a larger table shows methods by ratios."""


@dataclass(frozen=True)
class Outlook:
    """A plan against a store: the state of every distinct cell, in running order, and the time of those to run."""

    entries: Sequence[PlannedPlace]
    states: Mapping[str, str]
    expected: Forecast

    @property
    def counts(self) -> dict[str, int]:
        """Cells by state; `todo`: all that are not done; `skipped`: places that no cell can fill."""
        by_state = Counter(self.states.values())
        told = {state: by_state[state] for state in ("done", "failed", "running", "planned")}
        todo = len(self.states) - told["done"]
        skipped = sum(entry.cell is None for entry in self.entries)
        return {"cells": len(self.states), **told, "todo": todo, "skipped": skipped}

    def state(self, entry: PlannedPlace) -> str:
        return self.states[entry.cell.key] if entry.cell else f"skipped: {entry.skipped}"

    def to_json(self) -> dict[str, Any]:
        places = [{**entry.place.to_json(), "state": self.state(entry)} for entry in self.entries]
        return {"cells": self.counts, "expected": self.expected.to_json(), "places": places}


def outlook(plan: Plan, how: How) -> Outlook:
    """Look at the store; nothing is changed."""
    store, device = Store(how.results), choose_device(how.device)
    states = {cell.key: store.state(cell.key) for cell in plan.cells}
    names: dict[str, str] = {}
    for entry in plan.entries:
        if entry.cell:
            names.setdefault(entry.cell.key, entry.method)
    todo = {cell.key: (names[cell.key], cell) for cell in plan.cells if states[cell.key] != "done"}
    workers = _workers(how, len(todo), device)
    wanted = {cell.method.name for _, cell in todo.values()}
    rows = (store.row(key) for key in store.keys() if _is_of(store, key, wanted))  # noqa: SIM118
    past = Past(rows, environment(device)["device"])
    progress = {key: _progress(store, cell) for key, (_, cell) in todo.items()}
    return Outlook(plan.entries, states, forecast(todo, progress, past, plan.dataset.facts, workers))


def _workers(how: How, todo: int, device: torch.device) -> int:
    """Cells that train at once; of a cluster whose size nobody gave, one."""
    if how.executor in ("inline", "ray"):
        return how.workers or 1
    return worker_count(how.workers, todo, device, how.threads)


def _is_of(store: Store, key: str, methods: set[str]) -> bool:
    return store.state(key) == "done" and store.row(key).cell.method.name in methods


def _progress(store: Store, cell: Cell) -> float:
    """The share of the cell's epochs that need not be trained again."""
    epochs = cell.epochs
    if not epochs or not any((store.folder(cell.key) / "checkpoint").glob("*.pth")):
        return 0.0
    return min(len(store.curve(cell.key)) / epochs, 1.0)


def show_plan(plan: Plan, how: How) -> None:
    """On standard output, as a table or as JSON."""
    seen = outlook(plan, how)
    if how.as_json:
        typer.echo(json.dumps(seen.to_json(), indent=1))
        return
    console = plain_console(highlight=False)
    console.print(_listed(seen) if len(seen.entries) <= LONG else _compact(seen))
    for line in (*_skipped(seen), _counted(seen.counts), *_expected(seen.expected)):
        console.print(line, soft_wrap=True)


def _listed(seen: Outlook) -> Table:
    table = Table(title="plan")
    for name in ("method", "known", "seed", "cell", "state"):
        table.add_column(name)
    for entry in seen.entries:
        ratio = "" if entry.percent is None else f"{entry.percent} %"
        key = entry.cell.key if entry.cell else ""
        table.add_row(entry.method, ratio, str(entry.seed), key, seen.state(entry))
    return table


def _compact(seen: Outlook) -> Table:
    """A method a line, a ratio a column: how many of the cells behind it are done."""
    percents = list(dict.fromkeys(entry.percent for entry in seen.entries))
    table = Table(title="plan: cells done / in all", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("method", no_wrap=True)
    for percent in percents:
        table.add_column("all" if percent is None else f"{percent} %", justify="right", no_wrap=True)
    for method in dict.fromkeys(entry.method for entry in seen.entries):
        own = [entry for entry in seen.entries if entry.method == method]
        table.add_row(method, *(_place(seen, [e for e in own if e.percent == percent]) for percent in percents))
    return table


def _place(seen: Outlook, entries: Sequence[PlannedPlace]) -> str:
    states = {entry.cell.key: seen.states[entry.cell.key] for entry in entries if entry.cell}
    if not states:
        return "skipped"
    counts = Counter(states.values())
    also = [f"{counts[state]} {state}" for state in ("failed", "running") if counts[state]]
    return f"{counts['done']}/{len(states)}" + (f" ({', '.join(also)})" if also else "")


def _skipped(seen: Outlook) -> Iterator[str]:
    reasons = {(entry.method, entry.skipped): None for entry in seen.entries if entry.cell is None}
    for method, reason in reasons:
        yield f"skipped: {method} {reason}"


def _counted(counts: dict[str, int]) -> str:
    parts = [f"{counts['failed']} failed before"] if counts["failed"] else []
    parts += [f"{counts['running']} running now"] if counts["running"] else []
    parts += [f"{counts['planned']} not begun or cut off"] if parts and counts["planned"] else []
    told = f" ({', '.join(parts)})" if parts else ""
    places = f"; skipped: {counted(counts['skipped'], 'place')} of the table" if counts["skipped"] else ""
    return f"{counted(counts['cells'], 'cell')}: {counts['done']} done, {counts['todo']} to do{told}{places}"


def _expected(expected: Forecast) -> Iterator[str]:
    """The time, and what it rests on; training alone, since encoding is done once for all cells."""
    if not expected.methods:
        return
    known = {name: method for name, method in expected.methods.items() if method.cells > method.unknown}
    if not known:
        yield "expected time: unknown, since none of these methods has finished a cell here"
        return
    least = "at least " if expected.unknown else ""
    workers = counted(expected.workers, "worker")
    yield f"expected time: {least}about {clock_time(expected.seconds)} with {workers}, once images are encoded"
    for name, method in known.items():
        yield f"  {name}: {_each(method)}"
    if expected.unknown:
        yield f"  unknown: {', '.join(expected.unknown)} (no finished cell here to go by)"


def _each(method: MethodForecast) -> str:
    cells = method.cells - method.unknown
    how = "of these settings" if method.basis == "equal" else "of this method, scaled by epochs and images"
    return f"{cells} x {clock_time((method.seconds or 0.0) / cells)}, from {method.rows} finished {how}"

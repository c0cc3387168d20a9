"""What a person sees while a sweep runs: a live bar on a terminal, plain lines elsewhere."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.cells import Cell
from bench.plan import Entry
from bench.store import Store
from bench.sweep import Ending


class PlainObserver:
    """One line when something ends; for logs and pipes."""

    def __init__(self, todo: Sequence[Cell], quiet: bool = False):
        self.total, self.ended, self.failed = len(todo), 0, 0
        self.quiet = quiet
        self.clock = Clock(todo)
        self.console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)  # errors hold brackets

    def say(self, text: str) -> None:
        if not self.quiet:
            self.console.print(text)

    def encoding(self, what: str, done: int, total: int) -> None:
        if done == total:
            self.say(f"{what}: {total} images")

    def cell_started(self, cell: Cell) -> None:
        self.clock.start()

    def epoch_ended(self, cell: Cell, epoch: int, epochs: int, record: dict[str, Any]) -> None:
        pass

    def cell_ended(self, cell: Cell, ending: Ending, message: str) -> None:
        self.ended += 1
        self.failed += ending == "failed"
        self.clock.stop(ran=ending == "done")
        if ending != "cached":
            self.say(f"[{self.ended}/{self.total}] {cell.title}: {ending} {message} {self.clock.left()}".rstrip())


class LiveObserver(PlainObserver):
    """A bar over the sweep's cells and a line for what is going on now."""

    def __init__(self, todo: Sequence[Cell], progress: Progress):
        super().__init__(todo)
        self.console = progress.console
        self.progress = progress
        self.sweep = progress.add_task("cells", total=len(todo), detail="")
        self.now = progress.add_task("starting", total=None, detail="")

    def encoding(self, what: str, done: int, total: int) -> None:
        self.progress.update(self.now, description=what, completed=done, total=total, detail="images")

    def cell_started(self, cell: Cell) -> None:
        super().cell_started(cell)
        self.progress.reset(self.now, description=cell.title, total=None, detail="")

    def epoch_ended(self, cell: Cell, epoch: int, epochs: int, record: dict[str, Any]) -> None:
        detail = f"loss {record['loss']:.3f}  mAP {record['mAP']:.1f}"
        self.progress.update(self.now, completed=epoch, total=epochs, description=cell.title, detail=detail)

    def cell_ended(self, cell: Cell, ending: Ending, message: str) -> None:
        super().cell_ended(cell, ending, message)
        self.progress.update(self.sweep, completed=self.ended, detail=self.clock.left())


class Clock:
    """How long the remaining cells will take, from those that ran."""

    def __init__(self, todo: Sequence[Cell]):
        self.remaining = len(todo)
        self.seconds: list[float] = []
        self.started = time.perf_counter()

    def start(self) -> None:
        self.started = time.perf_counter()

    def stop(self, ran: bool) -> None:
        self.remaining -= 1
        if ran:
            self.seconds.append(time.perf_counter() - self.started)

    def left(self) -> str:
        """`~2:10 left`, or "" before anything is known."""
        if not self.seconds or not self.remaining:
            return ""
        minutes, seconds = divmod(round(self.remaining * sum(self.seconds) / len(self.seconds)), 60)
        return f"~{minutes}:{seconds:02d} left"


@contextmanager
def observer_for(todo: Sequence[Cell], store: Store, quiet: bool) -> Iterator[PlainObserver]:
    """A live display on a terminal, plain lines elsewhere, nothing with `--json`."""
    console = Console(stderr=True, markup=False)
    if quiet or not console.is_terminal:
        yield PlainObserver(todo, quiet)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield LiveObserver(todo, progress)


def show_plan(entries: Sequence[Entry], store: Store, as_json: bool) -> None:
    """`--dry-run`: every place of the table with the state of its cell."""
    states = [store.state(e.cell.key) if e.cell else f"skipped: {e.skipped}" for e in entries]
    if as_json:
        rows = [{**e.to_json(), "state": state} for e, state in zip(entries, states, strict=True)]
        typer.echo(json.dumps(rows, indent=1))
        return
    table = Table(title="plan")
    for name in ("method", "known", "seed", "cell", "state"):
        table.add_column(name)
    for entry, state in zip(entries, states, strict=True):
        ratio = "" if entry.percent is None else f"{entry.percent} %"
        table.add_row(entry.method, ratio, str(entry.seed), entry.cell.key if entry.cell else "", state)
    console = Console(markup=False)
    console.print(table)
    keys = {e.cell.key: s for e, s in zip(entries, states, strict=True) if e.cell}
    done = sum(state == "done" for state in keys.values())
    console.print(f"{len(keys)} cells: {done} done, {len(keys) - done} to do")


def show_table(results: Any, report: Path, root: Path) -> None:
    """The ratio x method table, then where the report is and how to open MLflow."""
    from bench.report import rich_table

    console = Console(markup=False)
    console.print(rich_table(results))
    console.print(f"report   {report}", soft_wrap=True)
    console.print(f"browse   bench ui --results {root}", soft_wrap=True)

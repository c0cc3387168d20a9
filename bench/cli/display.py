"""What a person sees while a sweep runs: a live bar on a terminal, plain lines elsewhere."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
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
        self.clock = Clock(len(todo))
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
        self.clock.tick(ran=ending != "cached")
        if ending != "cached":
            word = "done" if ending == "elsewhere" else ending
            self.say(f"[{self.ended}/{self.total}] {cell.title}: {word} {message} {self.clock.left()}".rstrip())


class LiveObserver(PlainObserver):
    """A bar over the sweep's cells and a line for each cell that runs now, in this process or another."""

    def __init__(self, todo: Sequence[Cell], store: Store, progress: Progress):
        super().__init__(todo)
        self.console = progress.console
        self.progress, self.store = progress, store
        self.open = {cell.key: cell for cell in todo}
        self.lines: dict[str, TaskID] = {}
        self.sweep = progress.add_task("cells", total=len(todo), detail="")

    def encoding(self, what: str, done: int, total: int) -> None:
        self._line(what, what, done, total, "images")
        if done == total:
            self._drop(what)

    def epoch_ended(self, cell: Cell, epoch: int, epochs: int, record: dict[str, Any]) -> None:
        for key, other in self.open.items():
            if self.store.lease(key) is None:
                self._drop(key)
                continue
            curve = [record] if key == cell.key else self.store.curve(key)
            if curve:
                latest = curve[-1]
                detail = f"loss {latest['loss']:.3f}  mAP {latest['mAP']:.1f}"
                self._line(key, other.title, latest["epoch"], other.method.options["epochs"], detail)

    def cell_ended(self, cell: Cell, ending: Ending, message: str) -> None:
        self.open.pop(cell.key, None)
        self._drop(cell.key)
        super().cell_ended(cell, ending, message)
        self.progress.update(self.sweep, completed=self.ended, detail=self.clock.left())

    def _line(self, name: str, description: str, done: int, total: int, detail: str) -> None:
        if name not in self.lines:
            self.lines[name] = self.progress.add_task(description, total=total, detail="")
        self.progress.update(self.lines[name], completed=done, total=total, detail=detail)

    def _drop(self, name: str) -> None:
        if name in self.lines:
            self.progress.remove_task(self.lines.pop(name))


class Clock:
    """How long the remaining cells will take, at the pace so far of all processes together."""

    def __init__(self, remaining: int):
        self.remaining, self.ran = remaining, 0
        self.began: float | None = None

    def start(self) -> None:
        self.began = self.began or time.perf_counter()

    def tick(self, ran: bool) -> None:
        self.remaining -= 1
        self.ran += ran

    def left(self) -> str:
        """`~2:10 left`, or "" before anything is known."""
        if not self.ran or not self.remaining or self.began is None:
            return ""
        minutes, seconds = divmod(round(self.remaining * (time.perf_counter() - self.began) / self.ran), 60)
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
        yield LiveObserver(todo, store, progress)


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

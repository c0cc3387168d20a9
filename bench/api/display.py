"""The progress of a sweep: a live bar on a terminal or in a notebook, plain lines elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.progress import Progress

from bench.api.live_display import TaskLines, is_live, live_progress
from bench.api.pace import Clock
from bench.api.plain_lines import PlainLines
from bench.executors.base import Ending
from bench.records.cells import Cell
from bench.records.store import Store
from bench.system.console import plain_console


class PlainObserver(PlainLines):
    """One line when something ends; for logs and pipes."""

    def __init__(self, todo: Sequence[Cell], quiet: bool = False, titles: Mapping[str, str] | None = None):
        """`titles`: names of cells by key, where they differ from the cells' own titles."""
        super().__init__(quiet)
        self.total, self.ended, self.failed = len(todo), 0, 0
        self.titles = titles or {}
        self.clock = Clock(len(todo))

    def title(self, cell: Cell) -> str:
        return self.titles.get(cell.key, cell.title)

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
            self.say(f"[{self.ended}/{self.total}] {self.title(cell)}: {word} {message} {self.clock.left()}".rstrip())


class LiveObserver(PlainObserver):
    """A bar over the sweep's cells and a line for each cell that runs now, in this process or another."""

    def __init__(self, todo: Sequence[Cell], store: Store, progress: Progress, titles: Mapping[str, str] | None = None):
        super().__init__(todo, titles=titles)
        self.console = progress.console
        self.progress, self.store = progress, store
        self.open = {cell.key: cell for cell in todo}
        self.lines = TaskLines(progress)
        self.sweep = progress.add_task("cells", total=len(todo), detail="")

    def encoding(self, title: str, done: int, total: int) -> None:
        self.lines.show(title, title, done, total, self.pace.of(title, done, total) or "images")
        if done == total:
            self.lines.drop(title)

    def epoch_ended(self, cell: Cell, epoch: int, epochs: int, record: dict[str, Any]) -> None:
        for key, other in self.open.items():
            if self.store.lease(key) is None:
                self.lines.drop(key)
                continue
            curve = [record] if key == cell.key else self.store.curve(key)
            if curve:
                latest = curve[-1]
                measured = f"  mAP {latest['mAP']:.1f}" if "mAP" in latest else ""
                detail = f"loss {latest['loss']:.3f}{measured}"
                self.lines.show(key, self.title(other), latest["epoch"], other.epochs, detail)

    def cell_ended(self, cell: Cell, ending: Ending, message: str) -> None:
        self.open.pop(cell.key, None)
        self.lines.drop(cell.key)
        super().cell_ended(cell, ending, message)
        self.progress.update(self.sweep, completed=self.ended, detail=self.clock.left())


@contextmanager
def observing(
    todo: Sequence[Cell], store: Store, quiet: bool, titles: Mapping[str, str] | None = None
) -> Iterator[PlainObserver]:
    """A live display on a terminal or in a notebook, plain lines elsewhere, nothing if `quiet`."""
    console = plain_console(stderr=True)
    if quiet or not is_live(console):
        yield PlainObserver(todo, quiet, titles)
        return
    with live_progress(console) as progress:
        yield LiveObserver(todo, store, progress, titles)


def say_warning(text: str) -> None:
    """A sentence on standard error, in yellow where there are colours."""
    plain_console(stderr=True, highlight=False, soft_wrap=True).print(f"warning: {text}", style="yellow")

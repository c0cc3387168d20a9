"""The progress of a sweep: a live bar on a terminal or in a notebook, plain lines elsewhere."""

import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TimeElapsedColumn

from bench.executors.base import Ending
from bench.records.cells import Cell
from bench.records.store import Store
from bench.system.console import plain_console, text_column
from bench.system.wording import clock_time, counted


class PlainObserver:
    """One line when something ends; for logs and pipes."""

    def __init__(self, todo: Sequence[Cell], quiet: bool = False, titles: Mapping[str, str] | None = None):
        """`titles`: names of cells by key, where they differ from the cells' own titles."""
        self.total, self.ended, self.failed = len(todo), 0, 0
        self.quiet, self.titles = quiet, titles or {}
        self.clock = Clock(len(todo))
        self.pace = Pace()
        self.console = plain_console(stderr=True, highlight=False, soft_wrap=True)

    def title(self, cell: Cell) -> str:
        return self.titles.get(cell.key, cell.title)

    def say(self, text: str) -> None:
        if not self.quiet:
            self.console.print(text)

    def encoding(self, title: str, done: int, total: int) -> None:
        if done == total:
            self.say(f"{title}: {counted(total, 'image')} {self.pace.of(title, done, total)}".rstrip())
        elif self.pace.due(title, done):
            self.say(f"{title}: {done:,} of {counted(total, 'image')} {self.pace.of(title, done, total)}".rstrip())

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
        self.lines: dict[str, TaskID] = {}
        self.sweep = progress.add_task("cells", total=len(todo), detail="")

    def encoding(self, title: str, done: int, total: int) -> None:
        self._line(title, title, done, total, self.pace.of(title, done, total) or "images")
        if done == total:
            self._drop(title)

    def epoch_ended(self, cell: Cell, epoch: int, epochs: int, record: dict[str, Any]) -> None:
        for key, other in self.open.items():
            if self.store.lease(key) is None:
                self._drop(key)
                continue
            curve = [record] if key == cell.key else self.store.curve(key)
            if curve:
                latest = curve[-1]
                measured = f"  mAP {latest['mAP']:.1f}" if "mAP" in latest else ""
                detail = f"loss {latest['loss']:.3f}{measured}"
                self._line(key, self.title(other), latest["epoch"], other.epochs, detail)

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
        return f"~{clock_time(self.remaining * (time.perf_counter() - self.began) / self.ran)} left"


class Pace:
    """The rate of images, or of another unit, since the first reported number; earlier work does not count."""

    EVERY_SECONDS = 30.0
    """How often a log reports an encoding that takes long."""

    def __init__(self, unit: str = "images") -> None:
        self.unit = unit
        self.first: dict[str, tuple[float, int]] = {}
        self.reported_at: dict[str, float] = {}

    def of(self, title: str, done: int, total: int) -> str:
        """`45 images/s  ~1:02:10 left`, at the end without the time; "" while nothing is known."""
        now = time.perf_counter()
        began, before = self.first.setdefault(title, (now, done))
        if done <= before or now <= began:
            return ""
        rate = (done - before) / (now - began)
        left = f"  ~{clock_time((total - done) / rate)} left" if done < total else ""
        return f"{rate:,.0f} {self.unit}/s{left}" if rate >= 10 else f"{rate:.1f} {self.unit}/s{left}"

    def due(self, title: str, done: int) -> bool:
        """Whether a line is due: half a minute after the first number or the last line."""
        now = time.perf_counter()
        began, _ = self.first.setdefault(title, (now, done))
        if now - self.reported_at.get(title, began) < self.EVERY_SECONDS:
            return False
        self.reported_at[title] = now
        return True


def live_progress(console: Console) -> Progress:
    """Bars that show a task's description, count, `detail` and time, and are gone at the end."""
    columns = (
        SpinnerColumn(),
        text_column("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        text_column("{task.fields[detail]}"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True)


@contextmanager
def counting(title: str, unit: str = "images", quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A function of (done, total), shown on standard error: a bar on a terminal, a line every half minute elsewhere."""
    if quiet:
        yield lambda done, total: None
        return
    console, pace = plain_console(stderr=True, highlight=False), Pace(unit)
    if not is_live(console):

        def say(done: int, total: int) -> None:
            if pace.due(title, done):
                console.print(f"{title}: {done:,} of {total:,} {pace.of(title, done, total)}", soft_wrap=True)

        yield say
        return
    tasks: list[TaskID] = []
    with live_progress(console) as progress:

        def draw(done: int, total: int) -> None:
            if not tasks:
                tasks.append(progress.add_task(title, total=total, detail=""))
            progress.update(tasks[0], completed=done)

        yield draw


def is_live(console: Console) -> bool:
    """Whether bars can move here: on a terminal, and in a notebook that has widgets."""
    return console.is_terminal or (console.is_jupyter and importlib.util.find_spec("ipywidgets") is not None)


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

"""Bars that move, on a terminal or in a notebook that can show them."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TimeElapsedColumn

from bench.api.pace import Pace
from bench.system.console import plain_console, text_column


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


class TaskLines:
    """A line for each task that is under way, by its name."""

    def __init__(self, progress: Progress):
        self.progress = progress
        self._tasks: dict[Any, TaskID] = {}

    def show(self, name: Any, description: str, done: int, total: int, detail: str) -> None:
        """Draw the task's line, or draw it anew."""
        if name not in self._tasks:
            self._tasks[name] = self.progress.add_task(description, total=total, detail="")
        self.progress.update(self._tasks[name], description=description, completed=done, total=total, detail=detail)

    def drop(self, name: Any) -> None:
        """Take the task's line away, if it has one."""
        if name in self._tasks:
            self.progress.remove_task(self._tasks.pop(name))


def is_live(console: Console) -> bool:
    """Whether bars can move here: on a terminal, and in a notebook that has widgets."""
    return console.is_terminal or (console.is_jupyter and importlib.util.find_spec("ipywidgets") is not None)


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

"""The plan of `bench search` and `bench tune`: what is left of each search."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.system.console import plain_console
from bench.system.wording import clock_time, counted

if TYPE_CHECKING:
    from rich.table import Table

    from bench.api.search_outlook import SearchOutlook

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what is left to do, and about how long it will take, and stop.")
]


def show_searches(
    outlooks: "Sequence[SearchOutlook]", as_json: bool, left_out: Mapping[str, str], retrain: bool
) -> None:
    """On standard output. left_out: why a method cannot run here. retrain: whether trainings on all images follow."""
    if as_json:
        record: dict[str, Any] = {"searches": [one.to_json() for one in outlooks], "left_out": dict(left_out)}
        typer.echo(json.dumps(record, indent=1))
        return
    console = plain_console(highlight=False)
    console.print(_table(outlooks))
    for method, reason in left_out.items():
        console.print(f"left out {method}: {reason}", soft_wrap=True)
    console.print(_summary(outlooks), soft_wrap=True)
    if retrain:
        console.print("the trainings on all training images that follow are not counted here", soft_wrap=True)


def _table(outlooks: "Sequence[SearchOutlook]") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("method", "trials done", "left", "cells each", "settings that vary", "expected time"):
        table.add_column(column, justify="left" if column == "method" else "right")
    for one in outlooks:
        time = "unknown" if one.seconds is None else clock_time(one.seconds)
        numbers = (one.done, one.todo, one.cells, len(one.settings))
        table.add_row(one.method, *map(str, numbers), time)
    return table


def _summary(outlooks: "Sequence[SearchOutlook]") -> str:
    """How much is left in all; methods without a finished cell leave the time a lower bound."""
    trials, cells = sum(one.todo for one in outlooks), sum(one.todo * one.cells for one in outlooks)
    known = [one.seconds for one in outlooks if one.seconds is not None]
    least = "" if len(known) == len(outlooks) else "at least "
    time = f"; {least}about {clock_time(sum(known))}" if known and trials else ""
    return f"{counted(trials, 'trial')} to do, {counted(cells, 'training')}{time}"

"""A sweep's progress as a table: a method a line, a ratio a column, how many of the cells behind it are done."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from rich import box
from rich.table import Table

LONG = 40
"""Places that are still listed one by one; a larger table shows methods by ratios."""


class PlaceState(NamedTuple):
    """A place of the table, the key of its cell (None where it is skipped), and that cell's state."""

    method: str
    percent: int | None
    key: str | None
    state: str


def progress_table(title: str, places: Sequence[PlaceState]) -> Table:
    """`done/all` in each field, with what failed, runs or is stale."""
    percents = list(dict.fromkeys(place.percent for place in places))
    table = Table(title=f"{title}: cells done / in all", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("method", no_wrap=True)
    for percent in percents:
        table.add_column("all" if percent is None else f"{percent} %", justify="right", no_wrap=True)
    by_field: dict[tuple[str, int | None], list[PlaceState]] = {}
    for place in places:
        by_field.setdefault((place.method, place.percent), []).append(place)
    for method in dict.fromkeys(place.method for place in places):
        table.add_row(method, *(_field(by_field.get((method, percent), [])) for percent in percents))
    return table


def _field(places: Sequence[PlaceState]) -> str:
    states = {place.key: place.state for place in places if place.key}
    if not states:
        return "skipped"
    counts = Counter(states.values())
    also = [f"{counts[state]} {state}" for state in ("failed", "running", "stale") if counts[state]]
    return f"{counts['done'] + counts['stale']}/{len(states)}" + (f" ({', '.join(also)})" if also else "")

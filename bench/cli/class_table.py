"""The table of classes that `bench prepare` shows: what is known of each, and what is odd."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.data.class_counts import ClassCounts

MOST = 60
"""Classes that are shown one by one; of more, those with something odd and then the first ones."""


def show_classes(counts: Sequence["ClassCounts"]) -> None:
    """Print the table on standard output, a line for each class."""
    from rich.table import Table

    from bench.system.console import plain_console

    shown = counts if len(counts) <= MOST else sorted(counts, key=lambda one: not one.odd)[:MOST]
    table = Table(box=None, pad_edge=False)
    table.add_column("class", overflow="fold")
    for part in ("train", "test"):
        for kind in ("+", "-", "?"):
            table.add_column(f"{part} {kind}", justify="right", no_wrap=True)
    table.add_column("odd", overflow="fold")
    for one in shown:
        numbers = [f"{number:,}" for number in (*one.train, *one.test)]
        table.add_row(one.name, *numbers, "; ".join(one.odd))
    console = plain_console(highlight=False)
    console.print(table)
    console.print("+ known positives, - known negatives, ? unknown", soft_wrap=True)
    if len(shown) < len(counts):
        console.print(f"{len(counts) - len(shown):,} more classes; --json has all.", soft_wrap=True)

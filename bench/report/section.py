"""A part of a report: its tables and figures, before anything draws them as Markdown, HTML or LaTeX."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.report.tables.table import Table


@dataclass(frozen=True)
class Drawing:
    """A figure: the files' name without suffix, what it shows, how to read it, and its bytes by suffix."""

    name: str
    alt: str
    caption: str
    images: Mapping[str, bytes]


@dataclass(frozen=True)
class Section:
    """A part of the report. name: its anchor, and its table's file name. more: further tables by their file names.

    by_method: whether a line of its tables is a method. records: the same numbers in full precision, for a CSV file.
    short: its name in the list of sections, where the title up to a colon is not one.
    """

    name: str
    title: str
    table: Table | None = None
    drawings: tuple[Drawing, ...] = ()
    more: Mapping[str, Table] = field(default_factory=dict)
    by_method: bool = True
    records: Sequence[Mapping[str, Any]] = ()
    short: str = ""

    @property
    def link(self) -> str:
        """What the page's list of sections calls it."""
        return self.short or self.title.split(":")[0]

    @property
    def tables(self) -> dict[str, Table]:
        """All tables with lines, by their file names."""
        first = {self.name: self.table} if self.table else {}
        return {name: table for name, table in {**first, **self.more}.items() if table.rows}


def drawn(name: str, images: Mapping[str, bytes], alt: str, caption: str) -> tuple[Drawing, ...]:
    """The figure as a section takes it: nothing where there is none."""
    return (Drawing(name, alt, caption, images),) if images else ()

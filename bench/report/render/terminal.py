"""Tables for a terminal, from the same rows as the report's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from bench.report.results import Results
from bench.report.tables.ratios import ratio_table
from bench.report.tables.table import Table, Value

TERMINAL_STYLES = {"": "", "best": "bold green", "second": "underline", "missing": "dim", "aside": "italic dim"}


@dataclass(frozen=True)
class Fitting:
    """A table that rich prints upright, or on its side, or in parts, as the terminal allows: no number is ever cut."""

    table: Table

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich.text import Text

        def fits(table: Table) -> bool:
            return console.measure(to_rich(table), options=options.update(max_width=9999)).maximum <= options.max_width

        sideways = transposed(self.table)
        parts = [sideways] if not fits(self.table) and fits(sideways) else _parts(self.table, fits)
        yield Text(self.table.title, style="bold")
        yield from map(to_rich, parts)
        yield from self._notes()

    def _notes(self) -> Iterator[Any]:
        from rich.text import Text

        notes = [f"{Value('', marks=(i,)).raised} {note}" for i, note in enumerate(self.table.footnotes, start=1)]
        yield Text("\n".join([self.table.caption, *notes]), style="dim")


def rich_tables(results: Results) -> Iterator[Fitting | str]:
    """The main table, and those of further metrics where some were asked for, with empty lines between them."""
    yield rich_table(results)
    if results.metrics:
        from bench.report.tables.metrics import metric_tables

        for table in metric_tables(results).values():
            yield ""
            yield Fitting(table)


def rich_table(results: Results) -> Fitting:
    """mAP over ratios, for `rich.console.Console.print`."""
    return Fitting(ratio_table(results))


def to_rich(table: Table) -> Any:
    """A `rich.table.Table` of the rows alone."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    def cell(value: Value) -> Text:
        return Text.assemble((value.text, TERMINAL_STYLES[value.style]), (value.raised, "dim"))

    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(table.columns):
        drawn.add_column(Text(column), justify="right" if place else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*map(cell, row))
    return drawn


def _parts(table: Table, fits: Callable[[Table], bool]) -> list[Table]:
    """The table, its columns shared out over as many tables as it takes."""
    if fits(table) or len(table.columns) < 3:
        return [table]
    middle = 1 + len(table.columns) // 2
    halves = (slice(1, middle), slice(middle, None))
    return [
        part
        for half in halves
        for part in _parts(
            replace(
                table,
                columns=(table.columns[0], *table.columns[half]),
                rows=tuple((row[0], *row[half]) for row in table.rows),
            ),
            fits,
        )
    ]


def transposed(table: Table) -> Table:
    """Columns as rows."""
    names = tuple(row[0].text + row[0].raised for row in table.rows)
    columns = list(zip(*table.rows, strict=True))[1:]
    rows = tuple((Value(name), *column) for name, column in zip(table.columns[1:], columns, strict=True))
    return replace(table, columns=("", *names), rows=rows)

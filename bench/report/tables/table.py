"""Tables as plain data: Markdown and the terminal draw the same rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from bench.report.render.safe_markdown import tame

Style = Literal["", "best", "second", "missing", "aside"]
"""aside: outside the competition (a ceiling)."""

SUPERSCRIPTS = str.maketrans("0123456789,", "⁰¹²³⁴⁵⁶⁷⁸⁹ ")


@dataclass(frozen=True)
class Value:
    """A table cell: its text, its emphasis, its footnotes (from 1), and the keys of the cells behind it."""

    text: str
    style: Style = ""
    marks: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def raised(self) -> str:
        """The footnote marks as superscript digits."""
        return ",".join(map(str, self.marks)).translate(SUPERSCRIPTS)


@dataclass(frozen=True)
class Table:
    """The first column names the row; `caption` says what the numbers are; footnotes are numbered from 1."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    caption: str = ""
    footnotes: tuple[str, ...] = ()


@dataclass
class Footnotes:
    """Collects footnotes; equal texts share a number."""

    texts: list[str] = field(default_factory=list)

    def mark(self, text: str) -> int:
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text) + 1

    def marks(self, texts: Iterable[str]) -> tuple[int, ...]:
        return tuple(sorted({self.mark(text) for text in texts}))


def flagged(table: Table, notes: Mapping[str, Iterable[str]]) -> Table:
    """The table with footnotes at the names of its lines: what must be said wherever such a number stands."""
    footnotes = Footnotes(list(table.footnotes))
    rows = []
    for name, *values in table.rows:
        marks = footnotes.marks(notes.get(name.text, ()))
        rows.append((replace(name, marks=tuple(sorted({*name.marks, *marks}))), *values))
    return replace(table, rows=tuple(rows), footnotes=tuple(footnotes.texts))


def ranked(values: Sequence[float | None]) -> list[Style]:
    """ "best" and "second" of a column; equal numbers share a place, and a single number wins nothing."""
    distinct = sorted({v for v in values if v is not None}, reverse=True)
    if len(distinct) < 2:
        return ["" for _ in values]
    styles: dict[float, Style] = {distinct[0]: "best", distinct[1]: "second"}
    return [styles.get(v, "") if v is not None else "" for v in values]


def markdown(table: Table) -> str:
    """A pipe table: best in bold, second underlined, as the papers print it."""

    def text(value: Value) -> str:
        shown = {"best": f"**{value.text}**", "second": f"<u>{value.text}</u>", "aside": f"*{value.text}*"}
        return one_line(shown.get(value.style, value.text) + value.raised)

    lines = [f"| {' | '.join(map(one_line, table.columns))} |", f"| :-- |{' --: |' * (len(table.columns) - 1)}"]
    lines += [f"| {' | '.join(text(value) for value in row)} |" for row in table.rows]
    notes = [f"{str(i).translate(SUPERSCRIPTS)} {note}" for i, note in enumerate(table.footnotes, start=1)]
    return tame("\n\n".join(part for part in ("\n".join(lines), table.caption, "  \n".join(notes)) if part) + "\n")


def one_line(text: str) -> str:
    """Text that stays within one place of a pipe table."""
    return " ".join(text.splitlines()).replace("|", "\\|")

"""Layout of a section on the page: small figures stand beside each other, or beside the table or its remarks."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from bench.report.section import Drawing, Section
from bench.report.tables.table import Table

SCREEN_SCALE = 1.6
"""How much larger figures are on a screen than on paper, where a column is narrow."""

COLUMN_WIDTH = 600
"""Pixels of one of the page's two columns; what is wider takes both."""

LETTER_PIXELS, PADDING_PIXELS = 7, 26
"""Pixels of a letter of a table, and of a column around its letters."""

MOST_COLUMNS = 3


class Layout(NamedTuple):
    """columns: of the grid that a section's parts stand in. wide_table, wide_figures: what takes all of them.

    remarks_apart: whether the table's remarks stand beside the figure that would otherwise have nothing beside it.
    """

    columns: int
    wide_table: bool
    wide_figures: frozenset[str]
    remarks_apart: bool


def lead_figures(sections: Sequence[Section]) -> tuple[Drawing, ...]:
    """The figures of the first two sections, which open the page beside each other, if they are small and single."""
    figures = [drawing for section in sections[:2] for drawing in section.drawings]
    one_each = all(len(section.drawings) == 1 for section in sections[:2])
    small = all(figure_width(drawing) <= COLUMN_WIDTH for drawing in figures)
    return tuple(figures) if len(figures) == 2 and one_each and small else ()


def layout_of(section: Section) -> Layout:
    """How the parts of a section stand."""
    table = section.table if section.table and section.table.rows else None
    wide_figures = frozenset(one.name for one in section.drawings if figure_width(one) > COLUMN_WIDTH)
    small = len(section.drawings) - len(wide_figures)
    wide_table = table is not None and (small == 0 or table_width(table) > COLUMN_WIDTH)
    columns = 2 if table or wide_figures else min(max(small, 1), MOST_COLUMNS)
    return Layout(columns, wide_table, wide_figures, remarks_apart=wide_table and small % 2 == 1)


def table_width(table: Table) -> int:
    """About how many pixels wide the table is."""
    texts = zip(table.columns, *([value.text for value in row] for row in table.rows), strict=True)
    return sum(LETTER_PIXELS * max(map(len, column)) + PADDING_PIXELS for column in texts)


def figure_width(drawing: Drawing) -> int:
    """Pixels on a screen."""
    points = float(re.search(rb'width="([\d.]+)pt"', drawing.images["svg"])[1])  # type: ignore[index]
    return round(points * 4 / 3 * SCREEN_SCALE)

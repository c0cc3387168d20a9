"""Layout of the page's sections."""

import pytest

from bench.report.render.layout import layout_of, lead_figures
from bench.report.section import Drawing, Section
from bench.report.tables.table import Table, Value


def drawing(name: str, inches: float) -> Drawing:
    return Drawing(name, "", "", {"svg": f'<svg width="{72 * inches}pt">'.encode()})


def table(columns: int) -> Table:
    return Table("title", ("method",) * columns, ((Value("82.63 ± 0.21"),) * columns,))


SMALL, WIDE = drawing("small", 3.3), drawing("wide", 6.9)


@pytest.mark.parametrize(("section", "columns", "wide_table", "remarks_apart"), [
    (Section("s", "", table(3), (SMALL,)), 2, False, False),
    (Section("s", "", table(11), (SMALL,)), 2, True, True),
    (Section("s", "", table(11), (SMALL, SMALL)), 2, True, False),
    (Section("s", "", table(3), (WIDE,)), 2, True, False),
    (Section("s", "", table(3)), 2, True, False),
    (Section("s", "", None, (SMALL, SMALL, SMALL)), 3, False, False),
    (Section("s", "", None, (SMALL,)), 1, False, False),
])  # fmt: skip
def test_what_is_small_has_something_beside_it(section, columns, wide_table, remarks_apart):
    result = layout_of(section)
    assert (result.columns, result.wide_table, result.remarks_apart) == (columns, wide_table, remarks_apart)
    assert result.wide_figures == ({"wide"} if WIDE in section.drawings else set())


def test_two_small_figures_open_the_page():
    first, second = (Section(name, "", table(11), (drawing(name, 3.3),)) for name in ("ratios", "gain"))
    assert lead_figures([first, second, first]) == (*first.drawings, *second.drawings)
    assert lead_figures([first]) == ()
    assert lead_figures([Section("ratios", "", None, (WIDE,)), second]) == ()

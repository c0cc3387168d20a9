"""A table of the report as HTML, for notebooks."""

from markupsafe import Markup, escape

from bench.report import Table, Value

STYLES = {
    "": "",
    "best": "font-weight:bold",
    "second": "text-decoration:underline",
    "missing": "opacity:.5",
    "aside": "font-style:italic;opacity:.7",
}


def table_html(table: Table) -> str:
    """The rows with their title above, and the caption and the footnotes below."""
    head = Markup("").join(Markup("<th>{}</th>").format(column) for column in table.columns)
    rows = Markup("").join(Markup("<tr>{}</tr>").format(Markup("").join(map(_cell, row))) for row in table.rows)
    notes = [f"{Value('', marks=(place,)).raised} {text}" for place, text in enumerate(table.footnotes, start=1)]
    below = Markup("<br>").join(map(escape, [table.caption, *notes]))
    return Markup(
        "<strong>{}</strong><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table><small>{}</small>"
    ).format(table.title, head, rows, below)


def _cell(value: Value) -> Markup:
    return Markup('<td style="{}">{}</td>').format(STYLES[value.style], value.text + value.raised)

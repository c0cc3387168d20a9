"""Tables for a paper: booktabs, methods as rows, ratios as columns, average last, best bold, second underlined."""

from collections.abc import Iterator, Sequence

from bench.report.render.latex_text import (
    INTERVAL,
    RAISED,
    escaped,
    head_mark,
    latex_value,
    longest_part,
    mark,
    tight_column,
)
from bench.report.tables.table import Table, Value

COLUMN_POINTS, LETTER_POINTS, GAP_POINTS = 238, 4.7, 7
"""Points: the width of a column of the usual conferences, of a letter of a small table, and between two columns."""

MOST_LINES = 50
"""Lines of a table that a page has room for; longer ones are continued on the next."""


def latex(table: Table, label: str) -> str:
    """The table in a `table`, or a `table*` where a column is too narrow; needs the packages booktabs and graphicx.

    A table that is wider than its place is made smaller, one that is longer than a page continued on the next.
    """
    parts = list(_pages([_lines(row) for row in table.rows]))
    place = "table" if _narrow(table) else "table*"
    drawn = [_part(table, label, part, number, number == len(parts), place) for number, part in enumerate(parts, 1)]
    return "% needs \\usepackage{booktabs,graphicx}\n" + "\n".join(drawn)


def _pages(blocks: Sequence[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    """The rows, shared out so that no page has more lines than it has room for; one page where there are none."""
    page: list[Sequence[str]] = []
    for block in blocks:
        if page and sum(map(len, page)) + len(block) > MOST_LINES:
            yield page
            page = []
        page.append(block)
    yield page


def _part(table: Table, label: str, blocks: Sequence[Sequence[str]], number: int, last: bool, place: str) -> str:
    """One float of the table; footnotes stand below the last."""
    header = " & ".join(RAISED.sub(head_mark, escaped(tight_column(column))) for column in table.columns)
    title = escaped(_sentence(table.title))
    caption = f"{title} {escaped(table.caption)}" if number == 1 else f"{title.rstrip('.')} (continued)."
    notes = [rf"\textsuperscript{{{mark(i)}}}\,{escaped(note)}" for i, note in enumerate(table.footnotes, start=1)]
    below = [r"\par\smallskip\raggedright\footnotesize", " \\quad\n".join(notes)] if notes and last else []
    apart = [r"\addlinespace[2pt]"] if any(len(block) > 1 for block in blocks) else []
    body = [line for place, block in enumerate(blocks) for line in [*(apart if place else []), *block]]
    lines = [
        rf"\begin{{{place}}}[t]",
        r"\centering",
        rf"\caption{{{caption}}}",
        *([rf"\label{{tab:{label}}}"] if number == 1 else []),
        r"\vspace{4pt}",
        r"\setlength{\tabcolsep}{3.5pt}",
        r"\small",
        rf"\sbox{{0}}{{\begin{{tabular}}{{@{{}}l{'c' * (len(table.columns) - 1)}@{{}}}}",
        r"\toprule",
        rf"{header} \\",
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}}",
        r"\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox{0}}\else\usebox{0}\fi",
        *below,
        rf"\end{{{place}}}",
    ]
    return "\n".join(lines) + "\n"


def _narrow(table: Table) -> bool:
    """Whether a column has room for it, by the number of its letters."""
    columns = [
        [column, *(longest_part(row[place].text) for row in table.rows)] for place, column in enumerate(table.columns)
    ]
    width = sum(LETTER_POINTS * max(map(len, texts)) + GAP_POINTS for texts in columns)
    return width <= COLUMN_POINTS and sum(map(len, table.footnotes)) < 400


def _lines(row: Sequence[Value]) -> list[str]:
    """A row of the table: with intervals two lines, the means and below them the intervals, small."""
    means = [" & ".join(map(latex_value, row)) + r" \\"]
    matches = [INTERVAL.fullmatch(value.text) for value in row]
    if not any(matches):
        return means
    return [*means, " & ".join(rf"{{\scriptsize {escaped(m[2])}}}" if m else "" for m in matches) + r" \\"]


def standalone(names: Sequence[str]) -> str:
    """A document that sets the tables of these files, to look at them, as a paper of two columns would."""
    inputs = "\n".join(rf"\input{{{name}}}\clearpage" for name in names)
    return (
        "\\documentclass[10pt,twocolumn,letterpaper]{article}\n\\usepackage[T1]{fontenc}\n"
        "\\usepackage[utf8]{inputenc}\n\\usepackage[margin=0.8in]{geometry}\n\\usepackage{booktabs,graphicx}\n"
        f"\\begin{{document}}\n{inputs}\n\\end{{document}}\n"
    )


def _sentence(title: str) -> str:
    return f"{title.rstrip('.')}."

"""Tables for a paper: booktabs, methods as rows, ratios as columns, average last, best bold, second underlined."""

import re
from collections.abc import Iterator, Sequence

from bench.report.tables.table import Table, Value

SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "[": "{[}", "]": "{]}",
    "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "→": r"$\to$", "≥": r"$\ge$", "≤": r"$\le$", "↓": r"$\downarrow$",
    "…": r"\ldots{}",
}  # fmt: skip
"""Brackets too: after a row's end LaTeX would take one for an argument."""

GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau"
SPECIAL |= {chr(0x3B1 + i): rf"$\{name}$" for i, name in enumerate(GREEK.split()) if name != "omicron"}

LATEX_STYLES = {"best": r"\textbf{%s}", "second": r"\underline{%s}", "aside": r"\textit{%s}"}
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_SPREAD = re.compile(r"(.*\S) ± (\S+)")
INDENT = 4
"""Spaces before the name of a line that belongs to the one above it."""
_INTERVAL = re.compile(r"([+−]?\d+\.\d+) (\[[+−]?\d+\.\d+, [+−]?\d+\.\d+\])( n\.s\.)?")

COLUMN_POINTS, LETTER_POINTS, GAP_POINTS = 238, 4.7, 7
"""Points: the width of a column of the usual conferences, of a letter of a small table, and between two columns."""

MOST_LINES = 50
"""Lines of a table that a page has room for; longer ones are continued on the next."""


def escaped(text: str) -> str:
    r"""Plain text as LaTeX that prints it; Markdown's backticks become typewriter.

    >>> print(escaped("`trm_ml` at 10 %"))
    \texttt{trm\_ml} at 10 \%
    """
    plain = "".join(SPECIAL.get(letter, letter) for letter in text)
    plain = re.sub(r"-(?=-)", "-{}", plain)  # two hyphens of an option, which LaTeX would join to a dash
    return re.sub(r"`([^`]*)`", r"\\texttt{\1}", plain).replace("`", "'")


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
    header = " & ".join(_RAISED.sub(_head_mark, escaped(_tight(column))) for column in table.columns)
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
        [column, *(_longest(row[place].text) for row in table.rows)] for place, column in enumerate(table.columns)
    ]
    width = sum(LETTER_POINTS * max(map(len, texts)) + GAP_POINTS for texts in columns)
    return width <= COLUMN_POINTS and sum(map(len, table.footnotes)) < 400


def _longest(text: str) -> str:
    match = _INTERVAL.fullmatch(text)
    return match[2][: int(len(match[2]) * 0.8)] if match else text


def _lines(row: Sequence[Value]) -> list[str]:
    """A row of the table: with intervals two lines, the means and below them the intervals, small."""
    means = [" & ".join(map(_value, row)) + r" \\"]
    matches = [_INTERVAL.fullmatch(value.text) for value in row]
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


def mark(number: int) -> str:
    """Footnote marks as letters, since digits beside numbers read as powers.

    >>> mark(1), mark(28)
    ('a', 'bb')
    """
    turn, place = divmod(number - 1, 26)
    return "abcdefghijklmnopqrstuvwxyz"[place] * (turn + 1)


def _head_mark(raised: re.Match[str]) -> str:
    """A footnote's mark in the head of a column."""
    digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    return rf"\textsuperscript{{{mark(int(raised[0].translate(digits)))}}}"


def _value(value: Value) -> str:
    """One place of a row, without the interval that `_lines` sets below it."""
    number, suffix = value.text, ""
    if spread := _SPREAD.fullmatch(value.text):
        number, suffix = spread[1], rf"\,{{\scriptsize$\pm${escaped(spread[2])}}}"
    elif interval := _INTERVAL.fullmatch(value.text):
        number, suffix = interval[1], r"\,{\scriptsize n.s.}" if interval[3] else ""
    indented = len(number) - len(number.lstrip(" ")) >= INDENT
    text = "--" if value.style == "missing" else escaped(number.strip() if indented else number)
    if value.style in LATEX_STYLES:
        text = LATEX_STYLES[value.style] % text
    marks = ",".join(map(mark, value.marks))
    raised = rf"\textsuperscript{{{marks}}}" if marks else ""
    return (r"\quad " if indented else "") + text + suffix + raised


def _tight(column: str) -> str:
    return column.replace(" %", "%")


def _sentence(title: str) -> str:
    return f"{title.rstrip('.')}."

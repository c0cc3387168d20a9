"""Text and values as LaTeX writes them."""

import re

from bench.report.tables.table import Value

SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "[": "{[}", "]": "{]}",
    "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "→": r"$\to$", "≥": r"$\ge$", "≤": r"$\le$", "↓": r"$\downarrow$",
    "…": r"\ldots{}",
}  # fmt: skip
"""Brackets too: after a row's end LaTeX would take one for an argument."""

INDENT = 4
"""Spaces before the name of a line that belongs to the one above it."""

GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau"
LATEX_STYLES = {"best": r"\textbf{%s}", "second": r"\underline{%s}", "aside": r"\textit{%s}"}
RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_SPREAD = re.compile(r"(.*\S) ± (\S+)")
INTERVAL = re.compile(r"([+−]?\d+\.\d+) (\[[+−]?\d+\.\d+, [+−]?\d+\.\d+\])( n\.s\.)?")


def escaped(text: str) -> str:
    r"""Plain text as LaTeX that prints it; Markdown's backticks become typewriter.

    >>> print(escaped("`trm_ml` at 10 %"))
    \texttt{trm\_ml} at 10 \%
    """
    plain = "".join(SPECIAL.get(letter, letter) for letter in text)
    plain = re.sub(r"-(?=-)", "-{}", plain)  # two hyphens of an option, which LaTeX would join to a dash
    return re.sub(r"`([^`]*)`", r"\\texttt{\1}", plain).replace("`", "'")


def mark(number: int) -> str:
    """Footnote marks as letters, since digits beside numbers read as powers.

    >>> mark(1), mark(28)
    ('a', 'bb')
    """
    turn, place = divmod(number - 1, 26)
    return "abcdefghijklmnopqrstuvwxyz"[place] * (turn + 1)


def head_mark(raised: re.Match[str]) -> str:
    """A footnote's mark in the head of a column."""
    digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
    return rf"\textsuperscript{{{mark(int(raised[0].translate(digits)))}}}"


def latex_value(value: Value) -> str:
    """One place of a row, without the interval that `_lines` sets below it."""
    number, suffix = value.text, ""
    if spread := _SPREAD.fullmatch(value.text):
        number, suffix = spread[1], rf"\,{{\scriptsize$\pm${escaped(spread[2])}}}"
    elif interval := INTERVAL.fullmatch(value.text):
        number, suffix = interval[1], r"\,{\scriptsize n.s.}" if interval[3] else ""
    indented = len(number) - len(number.lstrip(" ")) >= INDENT
    text = "--" if value.style == "missing" else escaped(number.strip() if indented else number)
    if value.style in LATEX_STYLES:
        text = LATEX_STYLES[value.style] % text
    marks = ",".join(map(mark, value.marks))
    raised = rf"\textsuperscript{{{marks}}}" if marks else ""
    return (r"\quad " if indented else "") + text + suffix + raised


def tight_column(column: str) -> str:
    return column.replace(" %", "%")


def longest_part(text: str) -> str:
    match = INTERVAL.fullmatch(text)
    return match[2][: int(len(match[2]) * 0.8)] if match else text

"""Tables by share of known labels: the main one, of mAP, and those of further metrics in its form."""

from collections.abc import Mapping
from typing import NamedTuple

from bench.report.results import Missing, Results
from bench.report.tables.flags import common_flags, own_flags, role_notes, rows_of
from bench.report.tables.spread import Spread, mean_over_ratios, over_seeds
from bench.report.tables.standard import HEADLINE, number, percent_label, ranks
from bench.report.tables.table import Footnotes, Table, Value


def ratio_table(results: Results) -> Table:
    """Ratio x method, mean and standard deviation over seeds, and the average over ratios."""
    return table_by_ratio(
        results,
        Measure("mAP"),
        f"mAP by share of known labels: {results.selection.title}",
        f"{HEADLINE}; {seed_caption(results)}.{common_flags(results)}",
    )


class Measure(NamedTuple):
    """A column of the results' frame as a table shows it. sign: -1 where the lowest number is the best."""

    column: str
    sign: int = 1
    digits: int = 1


def table_by_ratio(results: Results, measure: Measure, title: str, caption: str) -> Table:
    """The same of any column of the results' frame."""
    notes, name = Footnotes(), measure.column
    places, averages = over_seeds(results.frame, name), mean_over_ratios(results.frame, name, results.percents)
    percents = results.percents
    with_average = len(percents) > 1
    columns: list[list[Value]] = []
    for percent in percents:
        column = {m: places[m, percent] for m in results.methods if (m, percent) in places}
        columns.append(_column(results, column, percent, notes, measure))
    if with_average:
        columns.append(_average_column(results, averages, notes, measure))
    names = [Value(m, marks=notes.marks(role_notes(results, m))) for m in results.methods]
    return Table(
        title=title,
        columns=("method", *map(percent_label, percents), *(["average"] if with_average else [])),
        rows=tuple(zip(names, *columns, strict=True)),
        caption=caption,
        footnotes=tuple(notes.texts),
    )


def seed_caption(results: Results) -> str:
    """Note on the spread."""
    n = len(results.seeds)
    return f"mean ± standard deviation over {n} seeds" if n > 1 else f"one seed ({results.seeds[0]}), so no spread"


def _column(
    results: Results, column: Mapping[str, Spread], percent: int | None, notes: Footnotes, measure: Measure
) -> list[Value]:
    missing: dict[str, list[Missing]] = {}
    for gap in results.missing:
        if gap.percent == percent:
            missing.setdefault(gap.method, []).append(gap)
    styles = ranks(results, {m: measure.sign * s.mean for m, s in column.items()})
    values = []
    for method in results.methods:
        reasons = [f"{gap.state}: {gap.reason}" for gap in missing.get(method, [])]
        if method not in column:
            values.append(Value("-", "missing", notes.marks(reasons)))
            continue
        rows = results.filled[method, percent]
        fewer = [f"n = {column[method].n}; {reason}" for reason in reasons]
        marks = notes.marks([*own_flags(results, rows), *fewer])
        values.append(
            Value(number(column[method], measure.digits), styles[method], marks, tuple(row.key for row in rows))
        )
    return values


def _average_column(
    results: Results, averages: Mapping[str, Spread], notes: Footnotes, measure: Measure
) -> list[Value]:
    styles = ranks(results, {m: measure.sign * s.mean for m, s in averages.items()})
    incomplete = notes.mark("no average: a ratio is missing") if set(results.methods) - set(averages) else 0
    values = []
    for method in results.methods:
        if method in averages:
            flags = notes.marks(own_flags(results, rows_of(results, method)))
            values.append(Value(number(averages[method], measure.digits), styles[method], flags))
        else:
            values.append(Value("-", "missing", (incomplete,)))
    return values

"""The report's tables: mAP over ratios, the same under other rules of selection and other definitions, and the cost."""

import math
import statistics
from collections.abc import Iterable, Mapping

from bench.records.rows import Row
from bench.report.calibration import BINS, Reliability
from bench.report.results import Missing, Results, role
from bench.report.tables.spread import Spread, mean_over_ratios, over_seeds, spread
from bench.report.tables.table import Footnotes, Style, Table, Value, ranked

HEADLINE = "mAP in percent of the last epoch (scikit-learn's average precision, mean over classes)"
ASIDE = {
    "ceiling": "trained on all labels: a ceiling, not ranked; one cell a seed fills every ratio",
    "unlabelled": "trained without any label of an image; one cell a seed fills every ratio",
    "untrained": "no training: one cell fills every ratio and seed",
}


FLAGS = {
    "reconstruction": "reconstruction from public descriptions, not the authors' code",
    "random weights": "random weights: the backbone was never trained, so the number only shows that the program runs",
}
"""What a row's flag means, for readers; a flag that is not listed says enough itself."""

STALE = "stale (the method's source code has changed since)"


def percent_label(percent: int | None) -> str:
    """A column's name.

    >>> percent_label(10), percent_label(None)
    ('10 %', 'mAP')
    """
    return "mAP" if percent is None else f"{percent} %"


def ratio_table(results: Results) -> Table:
    """Ratio x method, mean and standard deviation over seeds, and the average over ratios."""
    notes = Footnotes()
    places, averages = over_seeds(results.frame, "mAP"), mean_over_ratios(results.frame, "mAP", results.percents)
    percents = results.percents
    with_average = len(percents) > 1
    columns: list[list[Value]] = []
    for percent in percents:
        column = {m: places[m, percent] for m in results.methods if (m, percent) in places}
        columns.append(_column(results, column, percent, notes))
    if with_average:
        columns.append(_average_column(results, averages, notes))
    names = [Value(m, marks=notes.marks(_method_notes(results, m))) for m in results.methods]
    return Table(
        title=f"mAP by share of known labels: {results.selection.title}",
        columns=("method", *map(percent_label, percents), *(["average"] if with_average else [])),
        rows=tuple(zip(names, *columns, strict=True)),
        caption=f"{HEADLINE}; {_seed_caption(results)}.{_common_flags(results)}",
        footnotes=tuple(notes.texts),
    )


def _seed_caption(results: Results) -> str:
    n = len(results.seeds)
    return f"mean ± standard deviation over {n} seeds" if n > 1 else f"one seed ({results.seeds[0]}), so no spread"


def _column(results: Results, column: Mapping[str, Spread], percent: int | None, notes: Footnotes) -> list[Value]:
    missing: dict[str, list[Missing]] = {}
    for gap in results.missing:
        if gap.percent == percent:
            missing.setdefault(gap.method, []).append(gap)
    styles = _ranks(results, {m: s.mean for m, s in column.items()})
    values = []
    for method in results.methods:
        reasons = [f"{gap.state}: {gap.reason}" for gap in missing.get(method, [])]
        if method not in column:
            values.append(Value("-", "missing", notes.marks(reasons)))
            continue
        rows = results.filled[method, percent]
        fewer = [f"n = {column[method].n}; {reason}" for reason in reasons]
        marks = notes.marks([*_own_flags(results, rows), *fewer])
        values.append(Value(number(column[method]), styles[method], marks, tuple(row.key for row in rows)))
    return values


def _average_column(results: Results, averages: Mapping[str, Spread], notes: Footnotes) -> list[Value]:
    styles = _ranks(results, {m: s.mean for m, s in averages.items()})
    incomplete = notes.mark("no average: a ratio is missing") if set(results.methods) - set(averages) else 0
    values = []
    for method in results.methods:
        if method in averages:
            flags = notes.marks(_own_flags(results, _rows(results, method)))
            values.append(Value(number(averages[method]), styles[method], flags))
        else:
            values.append(Value("-", "missing", (incomplete,)))
    return values


def number(value: Spread) -> str:
    """One decimal, as the papers print.

    >>> number(Spread(71.234, 0.52, 3)), number(Spread(71.234, math.nan, 1))
    ('71.2 ± 0.5', '71.2')
    """
    return f"{value.mean:.1f}" + ("" if math.isnan(value.sd) else f" ± {value.sd:.1f}")


def _ranks(results: Results, means: Mapping[str, float]) -> dict[str, Style]:
    """Ranks among the methods that saw no more labels than the ratio allows."""
    ceilings = {m for m in results.methods if _roles(results, m) == {"ceiling"}}
    competing = [m for m in means if m not in ceilings]
    styles = dict(zip(competing, ranked([means[m] for m in competing]), strict=True))
    return {**dict.fromkeys(ceilings, "aside"), **styles}


def _roles(results: Results, method: str) -> set[str]:
    return {role(row, results.selection.protocol) for row in _rows(results, method)}


def _rows(results: Results, method: str) -> list[Row]:
    return [row for percent in results.percents for row in results.filled.get((method, percent), ())]


def _flags(results: Results, rows: Iterable[Row]) -> set[str]:
    """What must be said at a number of these rows."""
    found = list(rows)
    stale = {STALE for row in found if row.key in results.stale}
    return stale | {FLAGS.get(flag, flag) for row in found for flag in row.flags}


def method_flags(results: Results) -> dict[str, list[str]]:
    """What must be said of each method wherever its numbers stand."""
    return {method: sorted(_flags(results, _rows(results, method))) for method in results.methods}


def _own_flags(results: Results, rows: Iterable[Row]) -> list[str]:
    """The flags that not every cell has."""
    return sorted(_flags(results, rows) - _shared_flags(results))


def _shared_flags(results: Results) -> set[str]:
    """Flags of every cell: said once, under the table."""
    flags = [_flags(results, [row]) for row in results.rows.values()]
    return set.intersection(*flags) if flags else set()


def _common_flags(results: Results) -> str:
    return "".join(f" All numbers: {flag}." for flag in sorted(_shared_flags(results)))


def _method_notes(results: Results, method: str) -> list[str]:
    roles = _roles(results, method)
    return [ASIDE[role] for role in roles if role in ASIDE] if len(roles) == 1 else []


def average_table(results: Results) -> Table:
    """The same cells under other rules: which epoch counts, and which definition of average precision."""
    columns = {
        "last epoch": "mAP",
        "best on held-out": "heldout_best",
        "best on test (oracle)": "test_best",
        "mAP, ASL's code": "mAP_asl",
        "mAP, VOC envelope": "mAP_voc",
    }
    notes = Footnotes()
    flags = {m: notes.marks(_own_flags(results, _rows(results, m))) for m in results.methods}
    body = []
    for column in columns.values():
        averages = mean_over_ratios(results.frame, column, results.percents)
        styles = _ranks(results, {m: s.mean for m, s in averages.items()})
        body.append([
            Value(number(averages[m]), styles[m], flags[m]) if m in averages else Value("-", "missing")
            for m in results.methods
        ])  # fmt: skip
    none = "" if results.frame["heldout_best"].notna().any() else "; none were here (`--holdout 20` keeps some)"
    return Table(
        title="Averages over ratios: epoch selection and definitions of mAP",
        columns=("method", *columns),
        rows=tuple(zip(map(Value, results.methods), *body, strict=True)),
        caption=(
            "Last epoch is the headline. Best on held-out chooses the epoch on training images kept out of training"
            f"{none}. Best on test chooses it on the test images, which no user of a method can do; most papers print "
            "it. The two other definitions are of the last epoch: mean precision at the positives' ranks, with classes "
            "without positives as 0 (ASL, DualCoOp, SCPNet), and the same after making precision monotone "
            f"(SSGRL, SST, SARB, Query2Label).{_common_flags(results)}"
        ),
        footnotes=tuple(notes.texts),
    )


def cost_table(results: Results) -> Table:
    """What a cell of each method costs."""
    cells = results.frame.drop_duplicates("key")
    names = {"time_train": "training, s", "time_total": "whole cell, s"}
    names |= {c: f"peak memory ({c.removeprefix('memory_')}), MiB" for c in cells.columns if c.startswith("memory_")}
    chosen = {c: name for c, name in names.items() if c in cells.columns}
    rows = []
    for method in results.methods:
        mine = cells[cells["method"] == method]
        if mine.empty:
            continue
        parameters = f"{int(mine['trainable_parameters'].max()):,}"
        means = [mine[column].mean() for column in chosen]
        digits = [1 if column.startswith("time") else 0 for column in chosen]
        texts = ["-" if math.isnan(v) else f"{v:,.{d}f}" for v, d in zip(means, digits, strict=True)]
        rows.append((Value(method), Value(str(len(mine))), Value(parameters), *map(Value, texts)))
    return Table(
        title="Cost",
        columns=("method", "cells", "trained parameters", *chosen.values()),
        rows=tuple(rows),
        caption="Means over cells. The image encoder is frozen and its features are cached: their cost is not in it.",
    )


def calibration_table(results: Results, found: Mapping[str, Reliability]) -> Table:
    """Expected calibration error at each ratio, and by how much the scores claim too much."""

    def texts(method: str, percent: int | None) -> tuple[Value, float]:
        rows = [row for row in results.filled.get((method, percent), ()) if row.key in found]
        if not rows:
            return Value("-", "missing"), math.nan
        errors = spread([found[row.key].error for row in rows])
        excess = statistics.fmean(found[row.key].excess for row in rows)
        return Value(number(errors), keys=tuple(row.key for row in rows)), excess

    lines = []
    for method in results.methods:
        if any(row.key in found for row in _rows(results, method)):
            values, excesses = zip(*(texts(method, percent) for percent in results.percents), strict=True)
            told = [excess for excess in excesses if not math.isnan(excess)]
            lines.append((Value(method), *values, Value(f"{statistics.fmean(told):+.1f}".replace("-", "−"))))
    return Table(
        title="Calibration: expected calibration error by share of known labels",
        columns=("method", *(percent_label(p) if p is not None else "ECE" for p in results.percents), "claims − true"),
        rows=tuple(lines),
        caption=(
            f"ECE in percent over all (image, class) pairs of the test images, sigmoid(score) in {BINS} equal bins; "
            "lower is better. Claims − true: mean sigmoid(score) minus the share of positives, in points, averaged "
            "over ratios; negative where a method claims too little, as taking unknown labels for negatives makes it. "
            "mAP is blind to both. Most pairs are easy negatives, so small numbers are no merit by themselves."
        ),
    )

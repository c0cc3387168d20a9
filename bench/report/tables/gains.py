"""Lines of a table, each against another of them: levels, paired gains, and how sure both are."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.report.results import Results
from bench.report.tables.spread import Spread, over_seeds
from bench.report.tables.spread import mean_over_ratios as level_over_ratios
from bench.report.tables.standard import HEADLINE, percent_label
from bench.report.tables.table import Footnotes, Table, Value
from bench.stats import Difference
from bench.stats.paired import LEAST, Gain, Pair, Percent, by_ratio, complete, gain_over_ratios, pairs

AVERAGE = "average"
GainColumn = Percent | str
"""A ratio, or `AVERAGE` over all of them."""

ImageInterval = Callable[[Sequence[Pair]], Difference | None]
"""From the pairs of a place to what other test images could have given; None where that is not known."""


@dataclass(frozen=True)
class ComparedLine:
    """A line of the table. name: its name in `Results`. against: the label of the line that it is compared with, or "".

    reason: why it has no numbers, or "".
    """

    label: str
    name: str
    against: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Compared:
    """A line with its numbers by column: a ratio, or `AVERAGE`."""

    line: ComparedLine
    levels: Mapping[GainColumn, Spread] = field(default_factory=dict)
    gains: Mapping[GainColumn, Gain] = field(default_factory=dict)
    images: Mapping[GainColumn, Difference] = field(default_factory=dict)


def columns_of(results: Results) -> tuple[GainColumn, ...]:
    """The ratios, and their average where there are several."""
    return (*results.percents, *([AVERAGE] if len(results.percents) > 1 else []))


def compare_lines(
    results: Results, lines: Sequence[ComparedLine], images: ImageInterval | None = None
) -> tuple[Compared, ...]:
    """All lines with levels, and those that are compared with another with their gains over it."""
    by_label = {line.label: line for line in lines}
    levels, averages = over_seeds(results.frame, "mAP"), level_over_ratios(results.frame, "mAP", results.percents)
    several = len(results.percents) > 1
    compared = []
    for line in lines:
        own: dict[GainColumn, Spread] = {p: levels[line.name, p] for p in results.percents if (line.name, p) in levels}
        if several and line.name in averages:
            own[AVERAGE] = averages[line.name]
        gains: dict[GainColumn, Gain] = {}
        intervals: dict[GainColumn, Difference] = {}
        if line.against:
            matched = pairs(results.frame, line.name, by_label[line.against].name)
            gains.update(by_ratio(matched).items())
            groups: dict[GainColumn, Sequence[Pair]] = {
                p: [pair for pair in matched if pair.percent == p] for p in gains
            }
            if several and (whole := complete(matched, results.percents)):
                gains[AVERAGE], groups[AVERAGE] = gain_over_ratios(matched, results.percents), whole
            if images is not None:
                drawn = {column: images(group) for column, group in groups.items()}
                intervals = {column: interval for column, interval in drawn.items() if interval is not None}
        compared.append(Compared(line, own, gains, intervals))
    return tuple(compared)


def label_of(column: GainColumn) -> str:
    return column if isinstance(column, str) else percent_label(column)


def signed(value: float) -> str:
    """Two decimals with a sign, a true minus.

    >>> signed(-1.234), signed(0.001)
    ('−1.23', '0.00')
    """
    text = f"{value:+.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", "−")


def span(low: float, high: float) -> str:
    return f"[{signed(low)}, {signed(high)}]"


def level_table(compared: Sequence[Compared], columns: Sequence[GainColumn], title: str, first: str) -> Table:
    """Means and standard deviations over seeds."""
    notes = Footnotes()

    def cell(line: Compared, column: GainColumn) -> Value:
        if column not in line.levels:
            return Value("-", "missing")
        level = line.levels[column]
        return Value(f"{level.mean:.2f}" + ("" if math.isnan(level.sd) else f" ± {level.sd:.2f}"))

    rows = [
        (
            Value(line.line.label, marks=notes.marks([line.line.reason] if line.line.reason else [])),
            *(cell(line, column) for column in columns),
        )
        for line in compared
    ]
    n = max((level.n for line in compared for level in line.levels.values()), default=0)
    spread = f"mean ± standard deviation over {n} seeds" if n > 1 else "one seed, so no spread"
    return Table(title, (first, *map(label_of, columns)), tuple(rows), f"{HEADLINE}; {spread}.", tuple(notes.texts))


def gain_table(compared: Sequence[Compared], columns: Sequence[GainColumn], title: str, first: str) -> Table:
    """Paired gains with their intervals over seeds."""

    def cell(line: Compared, column: GainColumn) -> Value:
        if column not in line.gains:
            return Value("-", "missing")
        gain = line.gains[column]
        inside = "" if math.isnan(gain.low) else f" {span(gain.low, gain.high)}"
        return Value(signed(gain.mean) + inside + (" n.s." if gain.not_significant else ""), _style(gain))

    lines = [line for line in compared if line.line.against]
    rows = [(Value(line.line.label), *(cell(line, column) for column in columns)) for line in lines]
    counts = sorted({gain.n for line in lines for gain in line.gains.values()})
    return Table(title, (first, *map(label_of, columns)), tuple(rows), _caption(counts))


def _style(gain: Gain) -> Any:
    return "aside" if gain.not_significant else ""


def _caption(counts: Sequence[int]) -> str:
    n = " or ".join(map(str, counts)) or "0"
    caption = (
        f"Difference in mAP, cell against cell with the same mask and order (n = {n} seed{'' if n == '1' else 's'})"
    )
    if not counts or max(counts) < LEAST:
        ranges = "; in brackets the range" if 2 in counts else ""
        return f"{caption}{ranges}: fewer than {LEAST} seeds give no interval."
    range_too = ", the range where n is 2" if 2 in counts else ""
    return (
        f"{caption}; in brackets the 95 % interval of Student's t over seeds{range_too}; n.s.: it holds 0. "
        "Intervals are one by one, not corrected for their number."
    )


def image_table(compared: Sequence[Compared], columns: Sequence[GainColumn], title: str, first: str) -> Table:
    """The same gains with intervals over test images."""

    def cell(line: Compared, column: GainColumn) -> Value:
        if column not in line.images:
            return Value("-", "missing")
        interval = line.images[column]
        holds = interval.low <= 0 <= interval.high
        text = f"{signed(line.gains[column].mean)} {span(interval.low, interval.high)}" + (" n.s." if holds else "")
        return Value(text, "aside" if holds else "")

    lines = [line for line in compared if line.line.against]
    rows = [(Value(line.line.label), *(cell(line, column) for column in columns)) for line in lines]
    drawn = [interval for line in lines for interval in line.images.values()]
    images, resamples = (
        " or ".join(f"{n:,}" for n in sorted(numbers))
        for numbers in ({interval.images for interval in drawn}, {interval.resamples for interval in drawn})
    )
    seeds = " or ".join(map(str, sorted({line.gains[column].n for line in lines for column in line.images})))
    caption = (
        f"The same differences (n = {seeds} seed{'' if seeds == '1' else 's'}); in brackets the 95 % interval of a "
        f"paired bootstrap over test images (n = {images} images, {resamples} resamples), for these "
        "trained models: how much the difference depends on the test images, not on the seeds. n.s.: it holds 0."
    )
    return Table(title, (first, *map(label_of, columns)), tuple(rows), caption)


def gain_records(compared: Sequence[Compared], columns: Sequence[GainColumn], first: str) -> list[dict[str, Any]]:
    """A record for each line and column, in full precision, for a CSV file."""
    records = []
    for line in compared:
        for column in columns:
            level, gain = line.levels.get(column), line.gains.get(column)
            drawn = line.images.get(column)
            records.append({
                first: line.line.label,
                "against": line.line.against,
                "percent": AVERAGE if column == AVERAGE else column,
                "seeds": level.n if level else 0,
                "mAP": level.mean if level else None,
                "mAP_sd": level.sd if level else None,
                "pairs": gain.n if gain else None,
                "difference": gain.mean if gain else None,
                "low": gain.low if gain else None,
                "high": gain.high if gain else None,
                "interval": ("t95" if gain.tested else "range" if gain.n == 2 else "") if gain else "",
                "not_significant": gain.not_significant if gain and gain.tested else None,
                "images_low": drawn.low if drawn else None,
                "images_high": drawn.high if drawn else None,
                "images_not_significant": drawn.low <= 0 <= drawn.high if drawn else None,
                "images": drawn.images if drawn else None,
                "resamples": drawn.resamples if drawn else None,
                "reason": line.line.reason,
            })  # fmt: skip
    return records

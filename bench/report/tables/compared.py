"""Lines of a table compared with their baselines: levels, paired gains and intervals over images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.report.results import Results
from bench.report.tables.spread import Spread, over_seeds
from bench.report.tables.spread import mean_over_ratios as level_over_ratios
from bench.report.tables.standard import percent_label
from bench.stats import Difference
from bench.stats.paired import Gain, Pair, Percent, by_ratio, complete, gain_over_ratios, pairs

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

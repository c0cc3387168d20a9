"""Lines of a table, each against another of them: levels, paired gains, and how sure both are."""

import math
from collections.abc import Sequence
from typing import Any

from bench.report.tables.compared import Compared, GainColumn, label_of
from bench.report.tables.standard import HEADLINE
from bench.report.tables.table import Footnotes, Table, Value
from bench.stats.paired import LEAST, Gain


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

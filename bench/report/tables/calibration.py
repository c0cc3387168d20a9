"""Calibration by share of known labels."""

import math
import statistics
from collections.abc import Mapping

from bench.report.calibration import BINS, Reliability
from bench.report.results import Results
from bench.report.tables.flags import rows_of
from bench.report.tables.spread import spread
from bench.report.tables.standard import number, percent_label
from bench.report.tables.table import Table, Value


def calibration_table(results: Results, reliabilities: Mapping[str, Reliability]) -> Table:
    """Expected calibration error at each ratio, and by how much the scores claim too much."""

    def texts(method: str, percent: int | None) -> tuple[Value, float]:
        rows = [row for row in results.filled.get((method, percent), ()) if row.key in reliabilities]
        if not rows:
            return Value("-", "missing"), math.nan
        errors = spread([reliabilities[row.key].error for row in rows])
        excess = statistics.fmean(reliabilities[row.key].excess for row in rows)
        return Value(number(errors), keys=tuple(row.key for row in rows)), excess

    lines = []
    for method in results.methods:
        if any(row.key in reliabilities for row in rows_of(results, method)):
            values, excesses = zip(*(texts(method, percent) for percent in results.percents), strict=True)
            numbers = [excess for excess in excesses if not math.isnan(excess)]
            lines.append((Value(method), *values, Value(f"{statistics.fmean(numbers):+.1f}".replace("-", "−"))))
    return Table(
        title="Calibration: expected calibration error by share of known labels",
        columns=("method", *(percent_label(p) if p is not None else "ECE" for p in results.percents), "claims − true"),
        rows=tuple(lines),
        caption=(
            f"ECE in percent over all (image, class) pairs of the test images, sigmoid(score) in {BINS} equal bins; "
            "lower is better. Claims − true: mean sigmoid(score) minus the share of positives, in points, averaged "
            "over ratios; negative where a method claims too little, as taking unknown labels for negatives makes it. "
            "mAP measures neither. Most pairs are easy negatives, so a small number is no merit by itself."
        ),
    )

"""The section of calibration."""

from collections.abc import Iterator, Mapping

from bench.report.calibration import Reliability, pooled
from bench.report.figures.calibration import reliability_figure
from bench.report.figures.captions import seeds_of
from bench.report.figures.many_methods import methods_to_draw
from bench.report.results import Results
from bench.report.section import Section, drawn
from bench.report.sections.extent import ends
from bench.report.tables.calibration import calibration_table
from bench.report.tables.flags import method_flags
from bench.report.tables.standard import percent_label
from bench.report.tables.table import flagged


def calibration_section(results: Results, reliabilities: Mapping[str, Reliability]) -> Iterator[Section]:
    table = flagged(calibration_table(results, reliabilities), method_flags(results))
    by_ratio = []
    for percent in ends(results.percents):
        parts = {
            method: [
                reliabilities[row.key] for row in results.filled.get((method, percent), ()) if row.key in reliabilities
            ]
            for method in methods_to_draw(results)
        }
        by_ratio.append((percent, {method: pooled(cells) for method, cells in parts.items() if cells}))
    if not any(lines for _, lines in by_ratio):
        return
    ratios = " and ".join(percent_label(p) for p, _ in by_ratio if p is not None)
    at = f" at {ratios} known" if ratios else ""
    pooled_over = f"{seeds_of(results).capitalize()}{' pooled' if len(results.seeds) > 1 else ''}{at}"
    caption = f"{pooled_over}; below the dotted line a method claims too much, above it too little."
    drawing = drawn(
        "calibration", reliability_figure(by_ratio, results.styles), "Share of positives over sigmoid(score)", caption
    )
    yield Section("calibration", table.title, table, drawing)

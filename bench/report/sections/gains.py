"""The section of gains over the baseline."""

from collections.abc import Iterator
from dataclasses import replace

from bench.report.figures.captions import gain_words
from bench.report.figures.gains import gain_figure
from bench.report.image_intervals import ImageIntervals
from bench.report.results import Results
from bench.report.section import Section, drawn
from bench.report.sections.extent import unlearned
from bench.report.tables.compared import Compared, ComparedLine, ImageInterval, columns_of, compare_lines, gain_records
from bench.report.tables.flags import method_flags
from bench.report.tables.gains import gain_table, image_table
from bench.report.tables.table import flagged
from bench.system.wording import counted


def gain_section(results: Results, images: ImageIntervals | None) -> Iterator[Section]:
    if results.baseline is None:
        return
    baseline, columns = results.baseline, columns_of(results)
    compared = against_baseline(results, images.of if images else None)
    title = f"Gain over {baseline}"
    flags = method_flags(results)
    table = flagged(gain_table(compared, columns, f"{title}: over seeds", "method"), flags)
    more = {}
    if any(line.images for line in compared):
        more["gain_images"] = flagged(image_table(compared, columns, f"{title}: over test images", "method"), flags)
    if images and images.left.cells:
        table = replace(table, caption=f"{table.caption} {_left(results, images)}")
    # What sees no label, or all of them, is not in the argument, and too far off to share an axis.
    learned = [line for line in compared if line.line.name not in unlearned(results)]
    drawings = drawn(
        "gain", gain_figure(learned, results.percents, baseline, results.styles), *gain_words(learned, baseline)
    )
    yield Section("gain", title, table, drawings, more, records=gain_records(compared, columns, "method"))


def _left(results: Results, images: ImageIntervals) -> str:
    """The intervals that the report leaves out to save time, and the command that adds them."""
    takes = f", in about {max(1, round(images.left.seconds / 60))} min" if images.left.seconds else ""
    sweep = f" --sweep {results.selection.newest.id}" if len(results.selection.records) == 1 else " --merge"
    return (
        f"Intervals over test images are not computed yet for {counted(images.left.cells, 'cell')}: "
        f"`bench report{sweep}` computes them{takes}."
    )


def against_baseline(results: Results, images: ImageInterval | None = None) -> tuple[Compared, ...]:
    """Every method against the baseline, the baseline itself first."""
    baseline = results.baseline or ""
    lines = [ComparedLine(method, method, against=baseline) for method in results.challengers]
    return compare_lines(results, [ComparedLine(baseline, baseline), *lines], images)

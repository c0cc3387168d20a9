"""What a report holds, in order: sections of tables and figures, from which Markdown, HTML and LaTeX are drawn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.records.reader import StoreReader
from bench.report.calibration import Reliability, pooled, reliabilities
from bench.report.classes import FEWEST_CLASSES, class_scores
from bench.report.figures.calibration import reliability_figure
from bench.report.figures.captions import averaged, gain_words, learning_words, ratio_words, seeds_of
from bench.report.figures.classes import HEAT_CLASSES, difference_figure, frequency_figure, heat_figure
from bench.report.figures.cost import cost_figure
from bench.report.figures.curves import learning_figure, ratio_figure
from bench.report.figures.gains import gain_figure
from bench.report.figures.many_methods import METHOD_LIMIT, has_many_methods, methods_by_level, methods_to_draw
from bench.report.figures.pseudo_labels import FEWEST_LABELS, pseudo_figure
from bench.report.figures.ranks import rank_figure
from bench.report.published.data import published_records
from bench.report.published.groups import published_groups
from bench.report.published.tables import published_table
from bench.report.resampled import ImageIntervals
from bench.report.results import Results, curves
from bench.report.section import Section, drawn
from bench.report.tables.across import across_records, across_tables, beside_others
from bench.report.tables.gains import (
    Compared,
    ComparedLine,
    ImageInterval,
    columns_of,
    compare_lines,
    gain_records,
    gain_table,
    image_table,
)
from bench.report.tables.pseudo_labels import PSEUDO_KINDS, judged, makers, pseudo_table
from bench.report.tables.standard import (
    average_table,
    calibration_table,
    cost_table,
    method_flags,
    percent_label,
    ratio_table,
)
from bench.report.tables.table import flagged
from bench.stats.paired import Percent
from bench.system.wording import counted

if TYPE_CHECKING:
    import pandas as pd

CACHE = "calibration.json"


def contents(
    results: Results, store: StoreReader, folder: Path, images: ImageIntervals | None = None
) -> tuple[Section, ...]:
    """All sections that the results have something for; `folder` keeps what need not be computed again.

    images: intervals over test images, as far as they are at hand.
    """
    return tuple(section for section in _sections(results, store, folder, images) if section.drawings or section.tables)


def _sections(results: Results, store: StoreReader, folder: Path, images: ImageIntervals | None) -> Iterator[Section]:
    table = ratio_table(results)
    if results.frame.empty:
        yield Section("ratios", table.title, table)
        return
    yield Section("ratios", table.title, table, drawn("ratios", ratio_figure(results), *ratio_words(results)))
    yield from _gains(results, images)
    yield from _papers(results)
    yield from _across(results, store)
    averages = average_table(results)
    yield Section("averages", averages.title, averages)
    epochs = curves(results, store)
    learning = learning_figure(results, epochs)
    title = f"Learning curves{f' of the best {METHOD_LIMIT}' if has_many_methods(results) else ''}"
    yield Section("curves", title, drawings=drawn("curves", learning, *learning_words(results)))
    yield from _pseudo_labels(results, epochs)
    yield from _classes(results, store)
    yield from _calibration(results, reliabilities(results, store, folder / CACHE))
    cost = flagged(cost_table(results), method_flags(results))
    words = (
        "Average mAP against training time, trained parameters and peak memory of a cell",
        "Means over cells. Times are those of the machine below, with other cells running beside; memory is that "
        "of the whole process. Methods without training cost nothing and are left out.",
    )
    yield Section("cost", cost.title, cost, drawn("cost", cost_figure(results), *words))


def _gains(results: Results, images: ImageIntervals | None) -> Iterator[Section]:
    if results.baseline is None:
        return
    baseline, columns = results.baseline, columns_of(results)
    found = against_baseline(results, images.of if images else None)
    title = f"Gain over {baseline}"
    flags = method_flags(results)
    table = flagged(gain_table(found, columns, f"{title}: over seeds", "method"), flags)
    more = {}
    if any(line.images for line in found):
        more["gain_images"] = flagged(image_table(found, columns, f"{title}: over test images", "method"), flags)
    if images and images.left.cells:
        table = replace(table, caption=f"{table.caption} {_left(results, images)}")
    # What sees no label, or all of them, is not in the argument, and too far off to share an axis.
    learned = [line for line in found if line.line.name not in _unlearned(results)]
    drawings = drawn(
        "gain", gain_figure(learned, results.percents, baseline, results.styles), *gain_words(learned, baseline)
    )
    yield Section("gain", title, table, drawings, more, records=gain_records(found, columns, "method"))


def _left(results: Results, images: ImageIntervals) -> str:
    """What a report written in a hurry leaves out, and the command that fills it in."""
    takes = f", in about {max(1, round(images.left.seconds / 60))} min" if images.left.seconds else ""
    sweep = f" --sweep {results.selection.newest.id}" if len(results.selection.records) == 1 else " --merge"
    return (
        f"Intervals over test images wait for the scores of {counted(images.left.cells, 'cell')} to be resampled: "
        f"`bench report{sweep}` does it{takes}."
    )


def against_baseline(results: Results, images: ImageInterval | None = None) -> tuple[Compared, ...]:
    """Every method against the baseline, the baseline itself first."""
    baseline = results.baseline or ""
    lines = [ComparedLine(method, method, against=baseline) for method in results.challengers]
    return compare_lines(results, [ComparedLine(baseline, baseline), *lines], images)


def _papers(results: Results) -> Iterator[Section]:
    """Our cells below the published lines that they belong to, a table for each camp of each setting."""
    found = published_groups(results)
    tables = {f"papers_{place}": published_table(group) for place, group in enumerate(found, start=1)}
    yield Section("papers", "Beside the papers", more=tables, by_method=False, records=published_records(found))


def _across(results: Results, store: StoreReader) -> Iterator[Section]:
    """Tests and ranks over the store's datasets, where there are enough of them."""
    found = beside_others(results, store)
    if found is None:
        return
    tables = across_tables(found)
    words = (
        "Average ranks of the methods over datasets",
        f"Bars join methods that Wilcoxon's test with Holm's correction does not tell apart at 5 %; "
        f"n = {len(found.blocks.names)} datasets.",
    )
    drawings = drawn("across", rank_figure(found.ranks, results.styles), *words) if found.ranks else ()
    more = {name: table for name, table in tables.items() if name != "across"}
    yield Section("across", "Across datasets", tables["across"], drawings, more, records=across_records(found))


def _unlearned(results: Results) -> frozenset[str]:
    """The methods that did not learn from the labels that were left."""
    return frozenset(results.frame.loc[results.frame["role"] != "observed", "method"])


def _pseudo_labels(results: Results, epochs: "pd.DataFrame") -> Iterator[Section]:
    best = methods_by_level(results)
    for kind in PSEUDO_KINDS:
        found = judged(epochs, kind)
        methods = makers(results, found)
        if not methods:
            continue
        table = flagged(pseudo_table(results, found, kind), method_flags(results))
        room = sorted(sorted(methods, key=best.index)[:METHOD_LIMIT], key=methods.index)
        which = f" of the best {METHOD_LIMIT} that make them" if len(room) < len(methods) else ""
        alt = f"Precision and {kind.share_label} of the methods' {kind.count.replace('_', '-')} over epochs"
        caption = (
            f"Lines{which} are {averaged(results)}, from the first pseudo-label on; the lowest and the highest ratio. "
            f"The precision of fewer than {FEWEST_LABELS} is not drawn."
        )
        images = pseudo_figure(found, kind, room, _ends(results.percents), results.styles)
        drawings = drawn(kind.name, images, alt, caption)
        yield Section(kind.name, kind.title, table, drawings, short=kind.title.replace(":", ""))


def _ends(percents: Sequence[Percent]) -> tuple[Percent, ...]:
    """The lowest and the highest ratio."""
    return tuple(dict.fromkeys((percents[0], percents[-1])))


def _classes(results: Results, store: StoreReader) -> Iterator[Section]:
    methods = methods_to_draw(results)
    whole = class_scores(results, store, methods, results.percents)
    if whole is None:
        return
    kept = f"; the {HEAT_CLASSES} classes in which they differ most" if len(whole.classes) > HEAT_CLASSES else ""
    which = (
        f"The best {len(whole.methods)} methods"
        if has_many_methods(results)
        else "Methods with a number at every ratio"
    )
    over = f"mean over {seeds_of(results)}{' and all ratios' if len(results.percents) > 1 else ''}"
    caption = f"{which}{kept}; {over}. Classes by their positives in the {whole.split} images, most first."
    drawings = [*drawn("classes", heat_figure(whole), "AP of each method in each class", caption)]
    baseline = results.baseline
    learned = whole.of_methods([m for m in whole.methods if m == baseline or m not in _unlearned(results)])
    if baseline in learned.methods and len(learned.methods) > 1:
        images = difference_figure(learned, baseline)
        caption = (
            f"The same minus {baseline}'s AP, for methods that learned from the labels that were left; colours end at "
            "the 97th percentile."
        )
        drawings += drawn("classes_gain", images, f"AP of each method in each class minus that of {baseline}", caption)
    if len(whole.classes) >= FEWEST_CLASSES:
        found = [
            (percent, class_scores(results, store, whole.methods, [percent])) for percent in _ends(results.percents)
        ]
        sizes = whole.sizes()
        images = frequency_figure(
            [(percent, scores) for percent, scores in found if scores], _unlearned(results), results.styles
        )
        caption = (
            f"Means over {', '.join(map(str, sizes[:-1]))} and {sizes[-1]} classes, by their positives in the "
            f"{whole.split} images, and over {seeds_of(results)}; the lowest and the highest ratio."
        )
        drawings += drawn("frequency", images, "Mean AP of frequent and rare classes", caption)
    yield Section("classes", "AP by class", drawings=tuple(drawings))


def _calibration(results: Results, found: Mapping[str, Reliability]) -> Iterator[Section]:
    table = flagged(calibration_table(results, found), method_flags(results))
    by_ratio = []
    for percent in _ends(results.percents):
        parts = {
            method: [found[row.key] for row in results.filled.get((method, percent), ()) if row.key in found]
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

"""What a report holds, in order: sections of tables and figures, from which Markdown, HTML and LaTeX are drawn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.paired import Percent
from bench.report.calibration import Reliability, pooled, reliabilities
from bench.report.calibration_figures import reliability_figure
from bench.report.class_figures import MOST_CLASSES, difference_figure, frequency_figure, heat_figure
from bench.report.classes import FEWEST, class_scores
from bench.report.cost_figures import cost_figure
from bench.report.crowd import LIMIT, by_level, crowded, drawn_percents
from bench.report.figures import learning_figure, ratio_figure
from bench.report.gain_figures import gain_figure
from bench.report.gains import Compared, ImageInterval, Line, columns_of, compare, gain_records, gain_table, image_table
from bench.report.pseudo import KINDS, judged, makers, pseudo_table
from bench.report.pseudo_figures import FEWEST_LABELS, pseudo_figure
from bench.report.published import published_groups, records
from bench.report.published import table as camp_table
from bench.report.resampled import Images
from bench.report.results import Results, curves
from bench.report.table import Table
from bench.report.tables import average_table, calibration_table, cost_table, percent_label, ratio_table
from bench.store import Store

if TYPE_CHECKING:
    import pandas as pd

CACHE = "calibration.json"


@dataclass(frozen=True)
class Drawing:
    """A figure: the files' name without suffix, what it shows, how to read it, and its bytes by suffix."""

    name: str
    alt: str
    caption: str
    images: Mapping[str, bytes]


@dataclass(frozen=True)
class Section:
    """A part of the report. name: its anchor, and its table's file name. more: further tables by their file names.

    by_method: whether a line of its tables is a method. records: the same numbers in full precision, for a CSV file.
    """

    name: str
    title: str
    table: Table | None = None
    drawings: tuple[Drawing, ...] = ()
    more: Mapping[str, Table] = field(default_factory=dict)
    by_method: bool = True
    records: Sequence[Mapping[str, Any]] = ()

    @property
    def tables(self) -> dict[str, Table]:
        """All tables with lines, by their file names."""
        first = {self.name: self.table} if self.table else {}
        return {name: table for name, table in {**first, **self.more}.items() if table.rows}


def contents(results: Results, store: Store, folder: Path, images: Images | None = None) -> tuple[Section, ...]:
    """All sections that the results have something for; `folder` keeps what need not be computed again.

    images: intervals over test images, as far as they are at hand.
    """
    return tuple(section for section in _sections(results, store, folder, images) if section.drawings or section.tables)


def _sections(results: Results, store: Store, folder: Path, images: Images | None) -> Iterator[Section]:
    table = ratio_table(results)
    if results.frame.empty:
        yield Section("ratios", table.title, table)
        return
    yield Section("ratios", table.title, table, _drawn("ratios", ratio_figure(results), *_ratio_words(results)))
    yield from _gains(results, images)
    yield from _papers(results)
    averages = average_table(results)
    yield Section("averages", averages.title, averages)
    epochs = curves(results, store)
    learning = learning_figure(results, epochs)
    title = f"Learning curves{f' of the best {LIMIT}' if crowded(results) else ''}"
    words = (
        "Test mAP over epochs for each share of known labels",
        "Lines are means over seeds, bands one standard deviation.",
    )
    yield Section("curves", title, drawings=_drawn("curves", learning, *words))
    yield from _pseudo_labels(results, epochs)
    yield from _classes(results, store)
    yield from _calibration(results, reliabilities(results, store, folder / CACHE))
    cost = cost_table(results)
    words = (
        "Average mAP against training time, trained parameters and peak memory of a cell",
        "Means over cells. Times are those of the machine below, with other cells running beside; memory is that "
        "of the whole process. Methods without training cost nothing and are left out.",
    )
    yield Section("cost", cost.title, cost, _drawn("cost", cost_figure(results), *words))


def _drawn(name: str, images: Mapping[str, bytes], alt: str, caption: str) -> tuple[Drawing, ...]:
    return (Drawing(name, alt, caption, images),) if images else ()


def _ratio_words(results: Results) -> tuple[str, str]:
    alt = "mAP over the share of known labels"
    if crowded(results):
        return alt, _crowd_words(results)
    if len(results.percents) == 1:
        return alt, "Large marks are means over seeds, small ones single cells."
    bands = (
        " Bands are one standard deviation over seeds of what tells methods apart: what a seed's mask does to all of "
        "them alike is taken off (Cousineau and Morey), while the table's ± has it in."
        if len(results.seeds) > 1
        else ""
    )
    return alt, f"Lines are means over seeds; dashed lines do not depend on the ratio.{bands}"


def _crowd_words(results: Results) -> str:
    n = len(results.seeds)
    percents = [percent for percent in drawn_percents(results) if percent is not None]
    ratios = f" at {' %, '.join(map(str, percents))} %" if percents else ""
    inside = {1: ""}.get(n, f", lines {'the range' if n == 2 else '95 % intervals of Student t'} over {n} seeds")
    lines = f" Dashed: {results.baseline} at the same ratios." if results.baseline else ""
    return (
        f"Mean mAP{ratios}{inside}; best at the lowest ratio first.{lines} Grey diamonds do not depend on the "
        "ratio; those that saw all labels, or were not trained, are drawn from top to bottom. Intervals are cut at the "
        "frame."
    )


def _gains(results: Results, images: Images | None) -> Iterator[Section]:
    if results.baseline is None:
        return
    baseline, columns = results.baseline, columns_of(results)
    found = against_baseline(results, images.of if images else None)
    title = f"Gain over {baseline}"
    words = (
        f"mAP minus that of {baseline}, paired by ratio and seed",
        "Means of paired differences with 95 % intervals of Student's t over seeds (ranges for two); hollow marks: the "
        "interval holds 0. Only methods that learned from the labels that were left.",
    )
    table = gain_table(found, columns, f"{title}: over seeds", "method")
    more = {}
    if any(line.images for line in found):
        more["gain_images"] = image_table(found, columns, f"{title}: over test images", "method")
    if images and images.left.cells:
        table = replace(table, caption=f"{table.caption} {_left(results, images)}")
    # What sees no label, or all of them, is not in the argument, and too far off to share an axis.
    learned = [line for line in found if line.line.name not in _unlearned(results)]
    drawings = _drawn("gain", gain_figure(learned, results.percents, baseline), *words)
    yield Section("gain", title, table, drawings, more, records=gain_records(found, columns, "method"))


def _left(results: Results, images: Images) -> str:
    """What a report written in a hurry leaves out, and the command that fills it in."""
    takes = f", in about {max(1, round(images.left.seconds / 60))} min" if images.left.seconds else ""
    sweep = f" --sweep {results.selection.newest['id']}" if len(results.selection.records) == 1 else " --merge"
    return (
        f"Intervals over test images wait for the scores of {images.left.cells} cells to be resampled: "
        f"`bench report{sweep}` does it{takes}."
    )


def against_baseline(results: Results, images: ImageInterval | None = None) -> tuple[Compared, ...]:
    """Every method against the baseline, the baseline itself first."""
    baseline = results.baseline or ""
    lines = [Line(method, method, against=baseline) for method in results.challengers]
    return compare(results, [Line(baseline, baseline), *lines], images)


def _papers(results: Results) -> Iterator[Section]:
    """Our cells below the published lines that they belong to, a table for each camp of each setting."""
    found = published_groups(results)
    tables = {f"papers_{place}": camp_table(group) for place, group in enumerate(found, start=1)}
    yield Section("papers", "Beside the papers", more=tables, by_method=False, records=records(found))


def shown(results: Results) -> list[str]:
    """The methods that a figure has room for: all, or the best and the baseline."""
    best = by_level(results)
    if not crowded(results):
        return [method for method in results.methods if method in best]
    baseline = results.baseline
    kept = best[:LIMIT]
    return kept if baseline is None or baseline in kept else [*kept[: LIMIT - 1], baseline]


def _unlearned(results: Results) -> frozenset[str]:
    """The methods that did not learn from the labels that were left."""
    return frozenset(results.frame.loc[results.frame["role"] != "observed", "method"])


def _pseudo_labels(results: Results, epochs: "pd.DataFrame") -> Iterator[Section]:
    best = by_level(results)
    for kind in KINDS:
        found = judged(epochs, kind)
        methods = makers(results, found)
        if not methods:
            continue
        table = pseudo_table(results, found, kind)
        drawn = sorted(sorted(methods, key=best.index)[:LIMIT], key=methods.index)
        which = f" of the best {LIMIT} that make them" if len(drawn) < len(methods) else ""
        alt = f"Precision and {kind.share_label} of the methods' {kind.count.replace('_', '-')} over epochs"
        caption = (
            f"Lines{which} are means over seeds, from the first pseudo-label on; the lowest and the highest ratio. The "
            f"precision of fewer than {FEWEST_LABELS} is not drawn."
        )
        images = pseudo_figure(found, kind, drawn, _ends(results.percents))
        yield Section(kind.name, kind.title, table, _drawn(kind.name, images, alt, caption))


def _ends(percents: Sequence[Percent]) -> tuple[Percent, ...]:
    """The lowest and the highest ratio."""
    return tuple(dict.fromkeys((percents[0], percents[-1])))


def _classes(results: Results, store: Store) -> Iterator[Section]:
    methods = shown(results)
    whole = class_scores(results, store, methods, results.percents)
    if whole is None:
        return
    kept = f"; the {MOST_CLASSES} classes in which they differ most" if len(whole.classes) > MOST_CLASSES else ""
    which = f"The best {len(whole.methods)} methods" if crowded(results) else "Methods with a number at every ratio"
    over = "mean over seeds and ratios" if len(results.percents) > 1 else "mean over seeds"
    caption = f"{which}{kept}; {over}. Classes by their positives in the {whole.split} images, most first."
    drawings = [*_drawn("classes", heat_figure(whole), "AP of each method in each class", caption)]
    baseline = results.baseline
    learned = whole.of_methods([m for m in whole.methods if m == baseline or m not in _unlearned(results)])
    if baseline in learned.methods and len(learned.methods) > 1:
        images = difference_figure(learned, baseline)
        caption = (
            f"The same minus {baseline}'s AP, for methods that learned from the labels that were left; colours end at "
            "the 97th percentile."
        )
        drawings += _drawn("classes_gain", images, f"AP of each method in each class minus that of {baseline}", caption)
    if len(whole.classes) >= FEWEST:
        found = [
            (percent, class_scores(results, store, whole.methods, [percent])) for percent in _ends(results.percents)
        ]
        images = frequency_figure([(percent, scores) for percent, scores in found if scores], _unlearned(results))
        caption = (
            f"Classes in three groups by their positives in the {whole.split} images; the lowest and the highest ratio."
        )
        drawings += _drawn("frequency", images, "Mean AP of frequent and rare classes", caption)
    yield Section("classes", "AP by class", drawings=tuple(drawings))


def _calibration(results: Results, found: Mapping[str, Reliability]) -> Iterator[Section]:
    table = calibration_table(results, found)
    by_ratio = []
    for percent in _ends(results.percents):
        parts = {
            method: [found[row.key] for row in results.filled.get((method, percent), ()) if row.key in found]
            for method in shown(results)
        }
        by_ratio.append((percent, {method: pooled(cells) for method, cells in parts.items() if cells}))
    if not any(lines for _, lines in by_ratio):
        return
    ratios = " and ".join(percent_label(p) for p, _ in by_ratio if p is not None)
    at = f" at {ratios} known" if ratios else ""
    caption = f"Seeds pooled{at}; below the dotted line a method claims too much, above it too little."
    drawing = _drawn("calibration", reliability_figure(by_ratio), "Share of positives over sigmoid(score)", caption)
    yield Section("calibration", table.title, table, drawing)

"""The section of AP by class."""

from collections.abc import Iterator

from bench.records.reader import StoreReader
from bench.report.classes import FEWEST_CLASSES, class_scores
from bench.report.figures.captions import seeds_of
from bench.report.figures.classes import HEAT_CLASSES, difference_figure, frequency_figure, heat_figure
from bench.report.figures.many_methods import has_many_methods, methods_to_draw
from bench.report.results import Results
from bench.report.section import Section, drawn
from bench.report.sections.extent import ends, unlearned


def class_section(results: Results, store: StoreReader) -> Iterator[Section]:
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
    learned = whole.of_methods([m for m in whole.methods if m == baseline or m not in unlearned(results)])
    if baseline in learned.methods and len(learned.methods) > 1:
        images = difference_figure(learned, baseline)
        caption = (
            f"The same minus {baseline}'s AP, for methods that learned from the labels that were left; colours end at "
            "the 97th percentile."
        )
        drawings += drawn("classes_gain", images, f"AP of each method in each class minus that of {baseline}", caption)
    if len(whole.classes) >= FEWEST_CLASSES:
        tables = [
            (percent, class_scores(results, store, whole.methods, [percent])) for percent in ends(results.percents)
        ]
        sizes = whole.sizes()
        images = frequency_figure(
            [(percent, scores) for percent, scores in tables if scores], unlearned(results), results.styles
        )
        caption = (
            f"Means over {', '.join(map(str, sizes[:-1]))} and {sizes[-1]} classes, by their positives in the "
            f"{whole.split} images, and over {seeds_of(results)}; the lowest and the highest ratio."
        )
        drawings += drawn("frequency", images, "Mean AP of frequent and rare classes", caption)
    yield Section("classes", "AP by class", drawings=tuple(drawings))

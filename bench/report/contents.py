"""Contents of a report, in order: sections of tables and figures, from which Markdown, HTML and LaTeX are made."""

from collections.abc import Iterator
from pathlib import Path

from bench.records.reader import StoreReader
from bench.report.across import with_other_datasets
from bench.report.calibration import reliabilities
from bench.report.figures.captions import learning_words, ratio_words
from bench.report.figures.cost import cost_figure
from bench.report.figures.curves import ratio_figure
from bench.report.figures.learning import learning_figure
from bench.report.figures.many_methods import METHOD_LIMIT, has_many_methods
from bench.report.figures.ranks import rank_figure
from bench.report.image_intervals import ImageIntervals
from bench.report.published.data import published_records
from bench.report.published.groups import published_groups
from bench.report.published.tables import published_table
from bench.report.reading import curves
from bench.report.results import Results
from bench.report.section import Section, drawn
from bench.report.sections.calibration import calibration_section
from bench.report.sections.classes import class_section
from bench.report.sections.gains import gain_section
from bench.report.sections.pseudo_labels import pseudo_label_sections
from bench.report.tables.across import across_records, across_tables
from bench.report.tables.averages import average_table
from bench.report.tables.cost import cost_table
from bench.report.tables.flags import method_flags
from bench.report.tables.ratios import ratio_table
from bench.report.tables.table import flagged

CACHE = "calibration.json"


def contents(
    results: Results, store: StoreReader, folder: Path, images: ImageIntervals | None = None
) -> tuple[Section, ...]:
    """All sections that the results have something for; `folder` keeps what need not be computed again.

    images: intervals over test images, as far as they are available.
    """
    return tuple(section for section in _sections(results, store, folder, images) if section.drawings or section.tables)


def _sections(results: Results, store: StoreReader, folder: Path, images: ImageIntervals | None) -> Iterator[Section]:
    table = ratio_table(results)
    if results.frame.empty:
        yield Section("ratios", table.title, table)
        return
    yield Section("ratios", table.title, table, drawn("ratios", ratio_figure(results), *ratio_words(results)))
    yield from gain_section(results, images)
    if results.metrics:
        from bench.report.sections.metrics import metric_sections

        yield from metric_sections(results, store)
    yield from _papers(results)
    yield from _across(results, store)
    averages = average_table(results)
    yield Section("averages", averages.title, averages)
    epochs = curves(results, store)
    learning = learning_figure(results, epochs)
    title = f"Learning curves{f' of the best {METHOD_LIMIT}' if has_many_methods(results) else ''}"
    yield Section("curves", title, drawings=drawn("curves", learning, *learning_words(results)))
    yield from pseudo_label_sections(results, epochs)
    yield from class_section(results, store)
    yield from calibration_section(results, reliabilities(results, store, folder / CACHE))
    cost = flagged(cost_table(results), method_flags(results))
    words = (
        "Average mAP against training time, trained parameters and peak memory of a cell",
        "Means over cells. Times are those of the machine below, with other cells running beside; memory is that "
        "of the whole process. Methods without training cost nothing and are left out.",
    )
    yield Section("cost", cost.title, cost, drawn("cost", cost_figure(results), *words))


def _papers(results: Results) -> Iterator[Section]:
    """Our cells below the published lines that they belong to, a table for each camp of each setting."""
    papers = published_groups(results)
    tables = {f"papers_{place}": published_table(group) for place, group in enumerate(papers, start=1)}
    yield Section("papers", "Beside the papers", more=tables, by_method=False, records=published_records(papers))


def _across(results: Results, store: StoreReader) -> Iterator[Section]:
    """Tests and ranks over the store's datasets, where there are enough of them."""
    comparison = with_other_datasets(results, store)
    if comparison is None:
        return
    tables = across_tables(comparison)
    words = (
        "Average ranks of the methods over datasets",
        f"Bars join methods that Wilcoxon's test with Holm's correction does not tell apart at 5 %; "
        f"n = {len(comparison.blocks.names)} datasets.",
    )
    drawings = drawn("across", rank_figure(comparison.ranks, results.styles), *words) if comparison.ranks else ()
    more = {name: table for name, table in tables.items() if name != "across"}
    yield Section("across", "Across datasets", tables["across"], drawings, more, records=across_records(comparison))

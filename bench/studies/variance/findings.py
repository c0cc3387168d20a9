"""The report of `bench variance`: which randomness the scatter between seeds comes from, for each method and ratio."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.records.reader import StoreReader
from bench.report.figures.palette import COLOURS, MARKERS
from bench.report.figures.style import COLUMN, draw
from bench.report.results import Results
from bench.report.stamp import inputs_digest
from bench.report.tables.table import Footnotes, Table, Value, markdown
from bench.stats.paired import Percent
from bench.studies.pages import Files, study_folder, study_of, write_files
from bench.studies.variance.design import ALL, SCATTER_LEVEL, Scatter, scatter, together
from bench.system.spreadsheet import csv_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCES = {
    "mask": "which labels are known, and which images are held out",
    "init": "initial parameters, dropout and augmentation",
    "order": "the order of the training batches",
    ALL: "all of them, as in any other table",
}
"""What varies with the seed, by source."""

LINE_HEIGHT = 0.13
WIDEST = 3.0
"""Whiskers of few seeds are long: the figure ends at this multiple of the largest deviation."""

CSV_COLUMNS = ("method", "percent", "source", *Scatter._fields)


@dataclass(frozen=True)
class Variance:
    """mAP of the last epoch by (method, percent, source) and seed, and its scatter."""

    results: Results
    sources: tuple[str, ...]
    seeds: tuple[int, ...]
    values: Mapping[tuple[str, Percent, str], Mapping[int, float]]

    @property
    def lines(self) -> tuple[tuple[str, Percent], ...]:
        """Method and percent of each line of the table."""
        return tuple(dict.fromkeys((method, percent) for method, percent, _ in self.values))

    def scatter(self, method: str, percent: Percent, source: str) -> Scatter:
        return scatter(self.values.get((method, percent, source), {}).values())


def read_variance(results: Results) -> Variance:
    """The study behind these results; UsageError if the sweep was none."""
    study = study_of(results, "variance")
    values: dict[tuple[str, Percent, str], dict[int, float]] = {}
    for place in results.selection.places:
        method, source = study["lines"][place.method]
        own = values.setdefault((method, place.percent, source), {})
        if place.key and place.key in results.rows:
            own[place.seed] = results.rows[place.key].mAP
    methods = list(dict.fromkeys(method for method, _ in study["lines"].values()))
    ordered = dict(sorted(values.items(), key=lambda item: (methods.index(item[0][0]), item[0][1] or 0)))
    return Variance(results, tuple(study["sources"]), tuple(study["seeds"]), ordered)


def variance_table(result: Variance) -> Table:
    """A line for each method and ratio, a column for each source."""
    notes = Footnotes()
    alone = [source for source in result.sources if source != ALL]
    rows = []
    for method, percent in result.lines:
        spreads = {source: result.scatter(method, percent, source) for source in result.sources}
        largest = max((spreads[source].sd for source in alone if spreads[source].sd > 0), default=math.nan)
        cells = [
            _value(spread, source in alone and spread.sd == largest, result, notes)
            for source, spread in spreads.items()
        ]
        added = together(spreads[source] for source in alone)
        total = [Value("-" if math.isnan(added) else f"{added:.2f}" if added else "0")] if len(alone) > 1 else []
        rows.append((Value(method), Value("any" if percent is None else f"{percent} %"), *cells, *total))
    sources = "; ".join(f"{source}: {SOURCES[source]}" for source in result.sources)
    return Table(
        title=f"Scatter of mAP by source: {result.results.selection.title}",
        columns=("method", "known", *result.sources, *(["added up"] if len(alone) > 1 else [])),
        rows=tuple(rows),
        caption=(
            f"Standard deviation of mAP (points, last epoch) over {len(result.seeds)} seeds and its "
            f"{100 * SCATTER_LEVEL:.0f} % interval (chi-square, for normal scatter), where one source follows the "
            f"seed and all others stay at seed {result.seeds[0]}. {sources}. Bold: the largest of the "
            "single ones; 0: the training does not depend on it"
            + (
                "; added up: the root of the sum of their squares, which is `all` where sources act independently."
                if len(alone) > 1
                else "."
            )
        ),
        footnotes=tuple(notes.texts),
    )


def _value(spread: Scatter, largest: bool, result: Variance, notes: Footnotes) -> Value:
    marks = notes.marks([f"n = {spread.n}: not every seed has a number"]) if spread.n < len(result.seeds) else ()
    if math.isnan(spread.sd):
        return Value("-", "missing", marks)
    text = "0" if spread.sd == 0 else f"{spread.sd:.2f} [{spread.low:.2f}, {spread.high:.2f}]"
    return Value(text, "best" if largest else "", marks)


def variance_records(result: Variance) -> list[dict[str, Any]]:
    """A record for each scatter, in full precision; None where there is none."""
    return [
        {
            "method": method,
            "percent": percent,
            "source": source,
            **{name: None if isinstance(x, float) and math.isnan(x) else x for name, x in spread._asdict().items()},
            "seeds": {str(seed): mAP for seed, mAP in result.values.get((method, percent, source), {}).items()},
        }
        for method, percent in result.lines
        for source in result.sources
        for spread in [result.scatter(method, percent, source)]
    ]


def write_variance(result: Variance, store: StoreReader) -> Path:
    """`variance.md` with its table and figure, and `variance.csv` with a line for each method, ratio and source."""
    folder = study_folder(result.results, store, "variance")
    write_files(folder, inputs_digest(result.results, store), lambda: _files(result))
    return folder / "variance.md"


def _files(result: Variance) -> Files:
    images = variance_figure(result)
    lines = [[record[name] for name in CSV_COLUMNS] for record in variance_records(result)]
    return {
        "variance.md": "\n\n".join(_page(result, bool(images))) + "\n",
        "variance.csv": csv_text([CSV_COLUMNS, *lines]),
        **{f"variance.{suffix}": image for suffix, image in images.items()},
    }


def _page(result: Variance, drawn: bool) -> Iterator[str]:
    table = variance_table(result)
    yield f"# {table.title}"
    yield markdown(table).strip()
    if drawn:
        yield "![Standard deviation of mAP by source, with intervals](variance.png)"
        yield "As vector graphics: [variance.svg](variance.svg)"
    record = result.results.selection.newest
    yield f"Sweep `{record.id}`: `{' '.join(record.command)}`. All numbers: [variance.csv](variance.csv)"


def variance_figure(result: Variance) -> Mapping[str, bytes]:
    """Standard deviations with their intervals, by file suffix; empty where there is none."""
    known = [result.scatter(*where) for where in result.values]
    return draw(_points, result) if any(spread.n > 1 for spread in known) else {}


def _points(figure: "Figure", result: Variance) -> None:
    """Methods and ratios down the page; in each a line for every source: the deviation, and its interval."""
    lines, sources = result.lines, result.sources
    height = len(sources) + 1
    figure.set_size_inches(COLUMN, 0.75 + LINE_HEIGHT * height * len(lines))
    axes = figure.subplots()
    deviations = [result.scatter(*where).sd for where in result.values]
    end = WIDEST * max([sd for sd in deviations if not math.isnan(sd)] + [0.01])
    for place, source in enumerate(sources):
        spreads = [result.scatter(method, percent, source) for method, percent in lines]
        drawn = [(height * i + place, spread) for i, spread in enumerate(spreads) if spread.n > 1]
        colour = "0.2" if source == ALL else COLOURS[place]
        ys, xs = [y for y, _ in drawn], [spread.sd for _, spread in drawn]
        axes.hlines(ys, [s.low for _, s in drawn], [min(s.high, end) for _, s in drawn], color=colour, linewidth=0.9)
        beyond = [y for y, spread in drawn if spread.high > end]
        axes.plot([end] * len(beyond), beyond, ">", color=colour, markersize=2.5, clip_on=False)
        axes.plot(xs, ys, MARKERS[place], color=colour, markersize=4, label=source, markeredgewidth=0)
    middles = [height * i + (len(sources) - 1) / 2 for i in range(len(lines))]
    labels = [method if percent is None else f"{method}\n{percent} % known" for method, percent in lines]
    axes.set(yticks=middles, yticklabels=labels, ylim=(height * len(lines) - 1, -1), xlim=(-0.02 * end, end))
    axes.set_xlabel("SD of mAP over seeds (points)")
    axes.grid(axis="y", visible=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=len(sources), frameon=False)

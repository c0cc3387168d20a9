"""A sweep whose cells have been run: its numbers as frames, figures and a report."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.api.comparison import comparison, with_baseline
from bench.api.frames import places
from bench.api.html import table_html
from bench.errors import UsageError
from bench.records.paths import inside
from bench.records.store import Store
from bench.report import Results, curves, markdown, ratio_table, read_results, with_metrics, write_report
from bench.report.figures.curves import draw_ratios
from bench.report.figures.gains import draw_gains
from bench.report.figures.learning import draw_learning
from bench.report.sections.gains import against_baseline

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Sweep:
    """The cells of one table. In a notebook its name alone shows the table.

    results: what tables and figures are made from. failed: cells that failed. study_page: the page of an ablation, a
    sensitivity or a variance study. tracking_problem: why MLflow is not up to date, or None.
    """

    results: Results
    store: Store
    failed: int = 0
    study_page: Path | None = None
    tracking_problem: str | None = None

    @property
    def id(self) -> str:
        return self.results.selection.id

    @property
    def report_file(self) -> Path:
        """The path of the report that a run wrote; `report` adds intervals over test images that a run leaves out."""
        return inside(self.store.root, "reports", self.id, "report.md")

    @property
    def methods(self) -> tuple[str, ...]:
        """The lines of the table."""
        return self.results.methods

    def to_frame(self, metrics: str | Iterable[str] = ()) -> "pd.DataFrame":
        """A row for each place of the table that has a number; see `bench.api.frames.PLACE_COLUMNS`.

        metrics: names of further metrics (`bench ls metrics`), each a last column; they are taken of the stored scores.
        """
        return places(with_metrics(self.results, self.store, metrics))

    def compare(self, baseline: str | None = None) -> "pd.DataFrame":
        """Differences in mAP from the baseline, paired by ratio and seed, at each ratio and on average.

        baseline: by default DualCoOp, or the like. low, high: the 95 % interval over seeds; images_low, images_high:
        that over test images, with the trained models given.
        """
        return comparison(self.results, self.store, baseline)

    def plot_ratios(self, ax: "Axes | None" = None) -> "Axes":
        """mAP over the share of known labels: means, with a band of one standard deviation over seeds."""
        axes = _axes(ax)
        draw_ratios(axes, self.results)
        return axes

    def plot_gains(self, baseline: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """Differences in mAP from the baseline with their intervals over seeds; hollow where the interval holds 0."""
        results, axes = with_baseline(self.results, baseline), _axes(ax)
        draw_gains(axes, against_baseline(results), results.percents, results.baseline or "")
        return axes

    def plot_curves(self, percent: int | None = None, ax: "Axes | None" = None) -> "Axes":
        """Test mAP over epochs at one ratio, by default the lowest."""
        percents = self.results.percents
        if percent is not None and percent not in percents:
            raise UsageError(f"the sweep has no ratio of {percent} %; it has {', '.join(map(str, percents))}.")
        axes = _axes(ax)
        draw_learning(axes, self.results, curves(self.results, self.store), percents[0] if percent is None else percent)
        return axes

    def report(self, metrics: str | Iterable[str] = ()) -> Path:
        """Write the report in all its forms (`report.html` and others beside it); the path of `report.md`.

        metrics: names of further metrics that it shows beside mAP.
        """
        return write_report(with_metrics(self.results, self.store, metrics), self.store)

    def __repr__(self) -> str:
        table = ratio_table(self.results)
        return f"{table.title}\n\n{markdown(table).strip()}"

    def _repr_html_(self) -> str:
        return table_html(ratio_table(self.results))


def _axes(ax: "Axes | None") -> "Axes":
    """The given axes, or those of a new figure."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(layout="constrained")[1]


def open_sweep(store: Store, sweep: str | None = None, *, merge: bool = False) -> Sweep:
    """The newest sweep of a store, or the one whose id begins with `sweep`; `merge`: with all comparable sweeps."""
    return Sweep(read_results(store, sweep, merge=merge), store)

"""Figure of mAP over the epochs of a cell."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench.report.figures.curves import ROLE_WORDS
from bench.report.figures.legends import LEGEND_ROW, despine, figure_legend
from bench.report.figures.lines import draw_level, draw_line, each_cell_once
from bench.report.figures.many_methods import METHOD_LIMIT, has_many_methods, methods_by_level
from bench.report.figures.palette import MethodStyle
from bench.report.figures.style import COLUMN, draw
from bench.report.results import Results, restricted
from bench.stats.paired import Percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def learning_figure(results: Results, curves: "pd.DataFrame") -> Mapping[str, bytes]:
    """Test mAP over epochs, one panel a ratio; bands as in `ratio_figure`. Empty if no cell has a curve.

    Of more methods than there are colours it shows the best.
    """
    if has_many_methods(results):
        results = restricted(results, methods_by_level(results)[:METHOD_LIMIT])
    return draw(_learning_figure, results, curves) if len(curves) else {}


def draw_learning(
    axes: "Axes", results: Results, curves: "pd.DataFrame", percent: Percent, legend: bool = True
) -> None:
    """Test mAP over epochs at one ratio; `curves` are those of `bench.report.curves`."""

    def here(frame: "pd.DataFrame") -> "pd.DataFrame":
        return frame[frame["percent"].isna() if percent is None else frame["percent"] == percent]

    for method in results.methods:
        _draw_learning_curve(axes, here(curves), here(results.frame), method, results.styles[method])
    axes.set(title="" if percent is None else f"{percent} % known")
    axes.locator_params(axis="x", integer=True, nbins=5)
    despine(axes)
    if legend:
        axes.set(xlabel="epoch", ylabel="test mAP (%)")
        axes.legend(frameon=False)


def _learning_figure(figure: "Figure", results: Results, curves: "pd.DataFrame") -> None:
    percents = results.percents
    columns = min(3, len(percents))
    lines, per_row = -(-len(percents) // columns), columns + 1
    legend = LEGEND_ROW * -(-len(results.methods) // per_row)
    figure.set_size_inches(max(COLUMN, 2.2 * columns), (1.7 if lines > 1 else 2.0) * lines + 0.2 + legend)
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).flatten()
    for panel, percent in zip(panels, percents, strict=False):
        draw_learning(panel, results, curves, percent, legend=False)
    for panel in panels[len(percents) :]:
        panel.set_visible(False)
    for place, panel in enumerate(panels[: len(percents)]):
        lowest = place + columns >= len(percents)
        panel.set(xlabel="epoch" if lowest else "", ylabel="" if place % columns else "test mAP (%)")
        panel.tick_params(labelbottom=lowest)
    figure_legend(figure, panels[: len(percents)], per_row)


def _draw_learning_curve(
    axes: "Axes", curves: "pd.DataFrame", cells: "pd.DataFrame", method: str, style: MethodStyle
) -> None:
    curve, own = curves[curves["method"] == method], cells[cells["method"] == method]
    roles = set(own["role"])
    if len(curve):
        draw_line(axes, each_cell_once(curve, "epoch"), "epoch", method, style, markers=4, width=1.1)
        if roles == {"ceiling"}:
            axes.lines[-1].set(linestyle="--", label=f"{method} ({ROLE_WORDS['ceiling']})")
    elif roles == {"untrained"}:
        draw_level(axes, own.drop_duplicates("key"), f"{method} ({ROLE_WORDS['untrained']})", style.colour)

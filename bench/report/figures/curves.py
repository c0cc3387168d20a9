"""The report's figures: mAP over the share of known labels, and mAP over epochs.

draw_ratios(axes, results)                       # on axes of one's own, in a notebook or a paper's own figure
ratio_figure(results)["pdf"]                     # as the report draws it
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench.report.figures.legends import LEGEND_ROW, despine, figure_legend
from bench.report.figures.many_methods import (
    METHOD_LIMIT,
    draw_ranked_methods,
    has_many_methods,
    methods_by_level,
    ranked_methods_size,
)
from bench.report.figures.palette import MethodStyle
from bench.report.figures.style import COLUMN, draw
from bench.report.results import Results, restricted
from bench.report.tables.spread import without_seed_effects
from bench.stats.paired import Percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROLE_WORDS = {"ceiling": "all labels", "unlabelled": "no labels", "untrained": "no training"}
"""How a legend names what does not depend on the ratio."""


def ratio_figure(results: Results) -> Mapping[str, bytes]:
    """mAP over ratios, as `draw_ratios` draws it, by file suffix."""
    return draw(_ratio_figure, results)


def _ratio_figure(figure: "Figure", results: Results) -> None:
    if has_many_methods(results):
        figure.set_size_inches(*ranked_methods_size(results))
    elif len(results.percents) > 1:
        figure.set_size_inches(COLUMN, 2.5 + LEGEND_ROW * -(-len(results.methods) // 2))
    else:
        figure.set_size_inches(COLUMN, 0.8 + 0.26 * len(_methods_with_numbers(results)))
    axes = figure.subplots()
    draw_ratios(axes, results, legend=False)
    if has_many_methods(results):
        figure.legend(loc="outside upper center", ncols=4, frameon=False, handletextpad=0.5, columnspacing=1.4)
    elif len(results.percents) > 1:
        figure_legend(figure, [axes], per_row=2)


def draw_ratios(axes: "Axes", results: Results, legend: bool = True) -> None:
    """mAP over ratios: mean line and band of one standard deviation over seeds; points where there is one ratio.

    Bands show what differs between methods: the common effect of a seed is removed (`without_seed_effects`).
    More methods than there are colours go down the page, one row each.
    """
    if has_many_methods(results):
        draw_ranked_methods(axes, results)
    elif len(results.percents) > 1:
        _draw_ratio_lines(axes, results)
    else:
        _draw_ratio_points(axes, results)
    if legend and axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False)


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


def _each_cell_once(frame: "pd.DataFrame", *also: str) -> "pd.DataFrame":
    """Each cell once a ratio: a cell that stands for several seeds must not narrow the band."""
    return frame.drop_duplicates(["method", "percent", "key", *also])


def _draw_line(
    axes: "Axes", frame: "pd.DataFrame", x: str, method: str, style: MethodStyle, *, markers: int, width: float
) -> None:
    """The mean over cells with a band of one standard deviation, and about so many markers."""
    colour, shape, dash = style
    by_place = frame.groupby(x)["mAP"].agg(["mean", "std"])
    places = by_place.index.to_numpy(float)
    every = max(1, round(len(places) / markers))
    if by_place["std"].notna().any():
        low, high = by_place["mean"] - by_place["std"], by_place["mean"] + by_place["std"]
        axes.fill_between(places, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(
        places, by_place["mean"], color=colour, label=method, linewidth=width, linestyle=dash, marker=shape,
        markersize=3.2 * width, markevery=every, markeredgecolor="white", markeredgewidth=0.5,
    )  # fmt: skip


def _draw_level(axes: "Axes", frame: "pd.DataFrame", label: str, colour: str) -> None:
    """A method that does not depend on the x axis: a dashed line, with one standard deviation over seeds as a band."""
    values = frame["mAP"]
    axes.axhline(values.mean(), color=colour, linestyle="--", linewidth=1.1, label=label)
    if len(values) > 1:
        axes.axhspan(values.mean() - values.std(), values.mean() + values.std(), color=colour, alpha=0.15, linewidth=0)


def _draw_ratio_lines(axes: "Axes", results: Results) -> None:
    frame = without_seed_effects(_each_cell_once(results.frame)).astype({"percent": "float"})
    for method in results.methods:
        lines = frame[frame["method"] == method]
        roles = set(lines["role"])
        if len(roles) == 1 and roles <= ROLE_WORDS.keys():
            label = f"{method} ({ROLE_WORDS[roles.pop()]})"
            _draw_level(axes, lines.drop_duplicates("key"), label, results.styles[method].colour)
        elif len(lines):
            _draw_line(axes, lines, "percent", method, results.styles[method], markers=99, width=1.4)
    axes.set(xlabel="known labels (%)", ylabel="mAP (%)", xticks=[p for p in results.percents if p is not None])
    despine(axes)


def _methods_with_numbers(results: Results) -> list[str]:
    return [method for method in results.methods if (results.frame["method"] == method).any()]


def _draw_ratio_points(axes: "Axes", results: Results) -> None:
    """One ratio: a line would be a point, so methods go down the page; the mean is large, every seed small."""
    methods = _methods_with_numbers(results)
    frame = _each_cell_once(results.frame)
    for place, method in enumerate(methods):
        colour, marker, _ = results.styles[method]
        values = frame.loc[frame["method"] == method, "mAP"]
        dots: dict[str, Any] = {"linestyle": "", "marker": marker, "color": colour, "markeredgewidth": 0}
        if len(values) > 1:
            axes.plot([values.min(), values.max()], [place, place], color=colour, linewidth=0.8, alpha=0.5)
            axes.plot(values, [place] * len(values), alpha=0.5, **{**dots, "markersize": 3.5})
        axes.plot(values.mean(), place, **{**dots, "markersize": 6.5})
    axes.set(yticks=range(len(methods)), yticklabels=methods, ylim=(len(methods) - 0.5, -0.5), xlabel="mAP (%)")
    percent = results.percents[0]
    if percent is not None:
        axes.set_title(f"{percent} % of the labels known")
    axes.grid(axis="y", visible=False)
    despine(axes)


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
        _draw_line(axes, _each_cell_once(curve, "epoch"), "epoch", method, style, markers=4, width=1.1)
        if roles == {"ceiling"}:
            axes.lines[-1].set(linestyle="--", label=f"{method} ({ROLE_WORDS['ceiling']})")
    elif roles == {"untrained"}:
        _draw_level(axes, own.drop_duplicates("key"), f"{method} ({ROLE_WORDS['untrained']})", style.colour)

"""The report's figures: mAP over the share of known labels, and mAP over epochs.

draw_ratios(axes, results)                       # on axes of one's own, in a notebook or a paper's own figure
ratio_figure(results)["pdf"]                     # as the report draws it
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench.report.figures.legends import LEGEND_ROW, despine, figure_legend
from bench.report.figures.lines import draw_level, draw_line, each_cell_once
from bench.report.figures.many_methods import draw_ranked_methods, has_many_methods, ranked_methods_size
from bench.report.figures.style import COLUMN, draw
from bench.report.results import Results
from bench.report.tables.spread import without_seed_effects

if TYPE_CHECKING:
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


def _draw_ratio_lines(axes: "Axes", results: Results) -> None:
    frame = without_seed_effects(each_cell_once(results.frame)).astype({"percent": "float"})
    for method in results.methods:
        lines = frame[frame["method"] == method]
        roles = set(lines["role"])
        if len(roles) == 1 and roles <= ROLE_WORDS.keys():
            label = f"{method} ({ROLE_WORDS[roles.pop()]})"
            draw_level(axes, lines.drop_duplicates("key"), label, results.styles[method].colour)
        elif len(lines):
            draw_line(axes, lines, "percent", method, results.styles[method], markers=99, width=1.4)
    axes.set(xlabel="known labels (%)", ylabel="mAP (%)", xticks=[p for p in results.percents if p is not None])
    despine(axes)


def _methods_with_numbers(results: Results) -> list[str]:
    return [method for method in results.methods if (results.frame["method"] == method).any()]


def _draw_ratio_points(axes: "Axes", results: Results) -> None:
    """One ratio: a line would be a point, so methods go down the page; the mean is large, every seed small."""
    methods = _methods_with_numbers(results)
    frame = each_cell_once(results.frame)
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

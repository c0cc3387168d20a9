"""The report's figures: mAP over the share of known labels, and mAP over epochs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench.report.figures.many_methods import LIMIT, by_level, crowded, ranked_points
from bench.report.figures.palette import look
from bench.report.figures.style import COLUMN, draw
from bench.report.results import Results, restricted
from bench.report.tables.spread import without_seed_effects

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEGEND_ROW = 0.17
FREE = {"ceiling": "all labels", "unlabelled": "no labels", "untrained": "no training"}


def ratio_figure(results: Results) -> Mapping[str, bytes]:
    """mAP over ratios: mean line and band of one standard deviation over seeds; points where there is one ratio.

    Bands show what differs between methods: what a seed does to all alike is taken off (`without_seed_effects`).
    More methods than there are colours go down the page, one row each.
    """
    if crowded(results):
        return draw(ranked_points, results)
    return draw(_ratio_lines if len(results.percents) > 1 else _ratio_points, results)


def learning_figure(results: Results, curves: "pd.DataFrame") -> Mapping[str, bytes]:
    """Test mAP over epochs, one panel a ratio; bands as in `ratio_figure`. Empty if no cell has a curve.

    Of more methods than there are colours it shows the best.
    """
    if crowded(results):
        results = restricted(results, by_level(results)[:LIMIT])
    return draw(_learning_curves, results, curves) if len(curves) else {}


def _distinct(frame: "pd.DataFrame", *also: str) -> "pd.DataFrame":
    """Each cell once a ratio: a cell that stands for several seeds must not narrow the band."""
    return frame.drop_duplicates(["method", "percent", "key", *also])


def _line(axes: "Axes", frame: "pd.DataFrame", x: str, method: str, *, markers: int, width: float) -> None:
    """The mean over cells with a band of one standard deviation, and about so many markers."""
    colour, shape = look(method)
    by_place = frame.groupby(x)["mAP"].agg(["mean", "std"])
    places = by_place.index.to_numpy(float)
    every = max(1, round(len(places) / markers))
    if by_place["std"].notna().any():
        low, high = by_place["mean"] - by_place["std"], by_place["mean"] + by_place["std"]
        axes.fill_between(places, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(
        places, by_place["mean"], color=colour, label=method, linewidth=width, marker=shape, markersize=3.2 * width,
        markevery=every, markeredgecolor="white", markeredgewidth=0.5,
    )  # fmt: skip


def _level(axes: "Axes", frame: "pd.DataFrame", method: str, role: str) -> None:
    """A method that does not depend on the x axis: a dashed line, with one standard deviation over seeds as a band."""
    colour, _ = look(method)
    values = frame["mAP"]
    axes.axhline(values.mean(), color=colour, linestyle="--", linewidth=1.1, label=f"{method} ({FREE[role]})")
    if len(values) > 1:
        axes.axhspan(values.mean() - values.std(), values.mean() + values.std(), color=colour, alpha=0.15, linewidth=0)


def _ratio_lines(figure: "Figure", results: Results) -> None:
    figure.set_size_inches(COLUMN, 2.5 + legend_height(results))
    axes = figure.subplots()
    frame = without_seed_effects(_distinct(results.frame)).astype({"percent": "float"})
    for method in results.methods:
        mine = frame[frame["method"] == method]
        roles = set(mine["role"])
        if len(roles) == 1 and roles <= FREE.keys():
            _level(axes, mine.drop_duplicates("key"), method, roles.pop())
        elif len(mine):
            _line(axes, mine, "percent", method, markers=99, width=1.4)
    axes.set(xlabel="known labels (%)", ylabel="mAP (%)", xticks=[p for p in results.percents if p is not None])
    finish(figure, axes)


def _ratio_points(figure: "Figure", results: Results) -> None:
    """One ratio: a line would be a point, so methods go down the page; the mean is large, every seed small."""
    shown = [m for m in results.methods if (results.frame["method"] == m).any()]
    figure.set_size_inches(COLUMN, 0.8 + 0.26 * len(shown))
    axes = figure.subplots()
    frame = _distinct(results.frame)
    for place, method in enumerate(shown):
        colour, marker = look(method)
        values = frame.loc[frame["method"] == method, "mAP"]
        dots: dict[str, Any] = {"linestyle": "", "marker": marker, "color": colour, "markeredgewidth": 0}
        if len(values) > 1:
            axes.plot([values.min(), values.max()], [place, place], color=colour, linewidth=0.8, alpha=0.5)
            axes.plot(values, [place] * len(values), alpha=0.5, **{**dots, "markersize": 3.5})
        axes.plot(values.mean(), place, **{**dots, "markersize": 6.5})
    axes.set(yticks=range(len(shown)), yticklabels=shown, ylim=(len(shown) - 0.5, -0.5), xlabel="mAP (%)")
    percent = results.percents[0]
    if percent is not None:
        axes.set_title(f"{percent} % of the labels known")
    axes.grid(axis="y", visible=False)
    despine(axes)


def _learning_curves(figure: "Figure", results: Results, curves: "pd.DataFrame") -> None:
    percents = results.percents
    columns = min(3, len(percents))
    lines = -(-len(percents) // columns)
    per_row = columns + 1
    width = max(COLUMN, 2.2 * columns)
    figure.set_size_inches(width, (1.7 if lines > 1 else 2.0) * lines + 0.2 + legend_height(results, per_row))
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    panels = grid.flatten()
    for panel, percent in zip(panels, percents, strict=False):
        _learning_panel(panel, results, curves, percent)
    for panel in panels[len(percents) :]:
        panel.set_visible(False)
    for place, panel in enumerate(panels[: len(percents)]):
        lowest = place + columns >= len(percents)
        panel.set(xlabel="epoch" if lowest else "", ylabel="" if place % columns else "test mAP (%)")
        panel.tick_params(labelbottom=lowest)
    legend(figure, panels[: len(percents)], per_row)


def _learning_panel(panel: "Axes", results: Results, curves: "pd.DataFrame", percent: int | None) -> None:
    def here(frame: "pd.DataFrame") -> "pd.DataFrame":
        return frame[frame["percent"].isna() if percent is None else frame["percent"] == percent]

    for method in results.methods:
        _learning_curve(panel, here(curves), here(results.frame), method)
    panel.set(title="" if percent is None else f"{percent} % known")
    panel.locator_params(axis="x", integer=True, nbins=5)
    despine(panel)


def _learning_curve(panel: "Axes", curves: "pd.DataFrame", cells: "pd.DataFrame", method: str) -> None:
    mine, own = curves[curves["method"] == method], cells[cells["method"] == method]
    if len(mine):
        _line(panel, _distinct(mine, "epoch"), "epoch", method, markers=4, width=1.1)
        if set(own["role"]) == {"ceiling"}:
            panel.lines[-1].set(linestyle="--", label=f"{method} (all labels)")
    elif len(own) and set(own["role"]) == {"untrained"}:
        _level(panel, own.drop_duplicates("key"), method, "untrained")


def legend_height(results: Results, per_row: int = 2) -> float:
    return LEGEND_ROW * -(-len(results.methods) // per_row)


def finish(figure: "Figure", axes: "Axes") -> None:
    despine(axes)
    legend(figure, [axes], per_row=2)


def legend(figure: "Figure", panels: Any, per_row: int) -> None:
    """One legend under all panels, each method once."""
    entries: dict[str, Any] = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if entries:
        columns = min(per_row, len(entries))
        figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=columns, frameon=False)


def despine(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)

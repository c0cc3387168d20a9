"""Pseudo-labels over epochs: how right they are, and what they do to the hidden positives."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bench.report.figures.legends import despine
from bench.report.figures.palette import MethodStyle, Styles
from bench.report.figures.style import COLUMN, draw
from bench.report.tables.pseudo_labels import PseudoKind
from bench.stats.paired import Percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEWEST_LABELS = 20
"""The precision of fewer pseudo-labels is mostly chance, and is not drawn."""

NAME, PANEL_GAP = 6.0, 0.115
"""Size of a method's name in points, and inches from one to the next."""

PANEL = 1.25


def pseudo_figure(
    judged: "pd.DataFrame", kind: PseudoKind, methods: Sequence[str], percents: Sequence[Percent], styles: Styles
) -> Mapping[str, bytes]:
    """A row of panels a ratio: precision, and recall or loss, over epochs; means over seeds, named at their ends.

    Ratios at which no method has been judged yet are left out.
    """
    have = set(judged["percent"].dropna())
    shown = [percent for percent in percents if percent is None or percent in have]
    return draw(_panels, judged, kind, methods, shown, styles) if shown else {}


def apart(values: Sequence[float], gap: float) -> list[float]:
    """Places for labels at these values, in their order and as near as can be, but at least `gap` from each other.

    >>> apart([1.0, 1.0, 5.0], 1.0)
    [0.5, 1.5, 5.0]
    """
    groups: list[list[int]] = [[i] for i in sorted(range(len(values)), key=lambda i: values[i])]

    def middle(group: Sequence[int]) -> float:
        return sum(values[i] for i in group) / len(group)

    at = 0
    while at + 1 < len(groups):
        one, other = groups[at], groups[at + 1]
        if middle(other) - middle(one) < gap * (len(one) + len(other)) / 2:
            groups[at : at + 2] = [one + other]  # they share a block around their mean, which may now touch the last
            at = max(at - 1, 0)
        else:
            at += 1
    places = [0.0] * len(values)
    for group in groups:
        for rank, i in enumerate(group):
            places[i] = middle(group) + gap * (rank - (len(group) - 1) / 2)
    return places


def _panels(
    figure: "Figure", judged: "pd.DataFrame", kind: PseudoKind, methods: Sequence[str], percents: Sequence[Percent],
    styles: Styles,
) -> None:  # fmt: skip
    height = max(PANEL, PANEL_GAP * len(methods))
    figure.set_size_inches(COLUMN, 0.35 + (height + 0.15) * len(percents))
    grid = figure.subplots(len(percents), 2, sharex=True, sharey="col", squeeze=False)
    ends = []
    for (left, right), percent in zip(grid, percents, strict=True):
        selected = judged[judged["percent"].isna() if percent is None else judged["percent"] == percent]
        for method in methods:
            epochs = (
                selected[selected["method"] == method].groupby("epoch")[[kind.count, kind.precision, kind.share]].mean()
            )
            begun = epochs[(epochs[kind.count] > 0).cumsum() > 0]
            _line(left, begun.loc[begun[kind.count] >= FEWEST_LABELS, kind.precision].dropna(), styles[method])
            line = _line(right, begun[kind.share].dropna(), styles[method])
            ends += [(right, method, *line)] if line else []
        left.set_ylabel("" if percent is None else f"{percent} % known")
        despine(left)
        despine(right)
    grid[0, 0].set_title("precision (%)")
    grid[0, 1].set_title(f"{kind.share_label} (%)")
    for panel in grid[-1]:
        panel.set_xlabel("epoch")
        panel.locator_params(axis="x", integer=True, nbins=5)
    low, high = grid[0, 1].get_ylim()
    for right in grid[:, 1]:
        _names(right, [end[1:] for end in ends if end[0] is right], PANEL_GAP / height * (high - low), styles)


def _line(panel: "Axes", values: "pd.Series", style: MethodStyle) -> tuple[float, float] | None:
    """Draw values by epoch; where the line ends, None for nothing to draw."""
    if values.empty:
        return None
    colour, marker, dash = style
    places = values.index.to_numpy(float)
    panel.plot(
        places, values, color=colour, linewidth=1.0, linestyle=dash, marker=marker, markersize=3.0,
        markevery=max(1, round(len(places) / 4)), markeredgecolor="white", markeredgewidth=0.4, clip_on=False,
    )  # fmt: skip
    return float(places[-1]), float(values.iloc[-1])


def _names(panel: "Axes", ends: Sequence[tuple[str, float, float]], gap: float, styles: Styles) -> None:
    """The methods' names right of the panel, each at the height of its line's end or near it."""
    edge = panel.get_xlim()[1]
    width = edge - panel.get_xlim()[0]
    for (method, x, y), place in zip(ends, apart([end[2] for end in ends], gap), strict=True):
        colour = styles[method].colour
        panel.plot([x, edge, edge + 0.06 * width], [y, y, place], color=colour, linewidth=0.4, clip_on=False)
        panel.text(edge + 0.08 * width, place, method, color=colour, fontsize=NAME, va="center", clip_on=False)
    panel.set_xlim(edge - width, edge)

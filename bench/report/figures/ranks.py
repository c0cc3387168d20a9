"""The critical-difference diagram: methods on a line of average ranks, bars join those that no test distinguishes.

Demšar's diagram (JMLR 2006) with Wilcoxon-Holm in the place of Nemenyi, whose verdict on two methods depends on which
others are there.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bench.report.figures.palette import MethodStyle, Styles
from bench.report.figures.style import COLUMN, PAGE, draw
from bench.stats import Ranks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE_INCHES, STEP_INCHES, BAR_INCHES = 0.36, 0.15, 0.07
"""Inches: from the top to the line of ranks, from a name to the next, from a bar to the next."""

LETTER_INCHES, LEAD_INCHES = 0.051, 0.14
"""Inches: a letter of a name, and what leads from the line's end to a name."""

LEAST_SPAN = 1.1
"""Inches for the line of ranks; with longer names the diagram is as wide as a page."""


def rank_figure(ranks: Ranks, styles: Styles) -> Mapping[str, bytes]:
    """Average ranks on a line, the best on the left; names left and right of it, below the bars."""
    return draw(_diagram, ranks, styles)


def _diagram(figure: "Figure", ranks: Ranks, styles: Styles) -> None:
    """Everything is placed in inches from the upper left corner."""
    methods = sorted(ranks.average, key=lambda method: ranks.average[method])
    half = -(-len(methods) // 2)
    bars = 0.1 + BAR_INCHES * len(ranks.cliques)
    left, right = (LEAD_INCHES + _width(names, ranks) for names in (methods[:half], methods[half:]))
    width = COLUMN if COLUMN - left - right >= LEAST_SPAN else PAGE
    height = LINE_INCHES + bars + STEP_INCHES * (half + 0.3)
    figure.set_size_inches(width, height)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(height, 0))

    def across(rank: float) -> float:
        return left + (rank - 1) / (len(methods) - 1) * (width - left - right)

    _scale(axes, across, len(methods), ranks.blocks)
    for place, clique in enumerate(ranks.cliques):
        ends = [across(ranks.average[method]) for method in clique]
        y = LINE_INCHES + 0.1 + BAR_INCHES * place
        axes.plot([min(ends) - 0.03, max(ends) + 0.03], [y, y], color="0.15", linewidth=2.4, solid_capstyle="butt")
    for place, method in enumerate(methods):
        first = place < half
        row = place if first else len(methods) - 1 - place
        edge = left - LEAD_INCHES / 2 if first else width - right + LEAD_INCHES / 2
        at = (edge, LINE_INCHES + bars + STEP_INCHES * (row + 0.5))
        _name(
            axes, _text(method, ranks.average[method], first), styles[method], across(ranks.average[method]), at, first
        )


def _width(methods: Sequence[str], ranks: Ranks) -> float:
    return LETTER_INCHES * max(len(_text(method, ranks.average[method], first=True)) for method in methods)


def _text(method: str, rank: float, first: bool) -> str:
    return f"{method}  {rank:.2f}" if first else f"{rank:.2f}  {method}"


def _scale(axes: "Axes", across: Callable[[float], float], last: int, blocks: int) -> None:
    axes.plot([across(1), across(last)], [LINE_INCHES, LINE_INCHES], color="0.3", linewidth=0.8)
    every = max(1, round(last / 10))
    for rank in range(1, last + 1):
        labelled = (rank - 1) % every == 0
        axes.plot(
            [across(rank)] * 2, [LINE_INCHES, LINE_INCHES - (0.06 if labelled else 0.03)], color="0.3", linewidth=0.8
        )
        if labelled:
            axes.text(across(rank), LINE_INCHES - 0.08, str(rank), ha="center", va="bottom", fontsize=7)
    title = f"average rank over {blocks} datasets (1 is best)"
    axes.text((across(1) + across(last)) / 2, 0.14, title, ha="center", va="bottom", fontsize=7)


def _name(axes: "Axes", text: str, style: MethodStyle, x: float, at: tuple[float, float], first: bool) -> None:
    """The name at a place, with a line to the method's rank."""
    (edge, y), (colour, marker, _) = at, style
    axes.plot([x, x, edge], [LINE_INCHES, y, y], color=colour, linewidth=0.8)
    axes.plot(
        x, LINE_INCHES, marker, color=colour, markersize=4, markeredgecolor="white", markeredgewidth=0.4, zorder=3
    )
    axes.text(
        edge - 0.03 if first else edge + 0.03, y, text, ha="right" if first else "left",
        va="center", fontsize=6.5, color=colour,
    )  # fmt: skip

"""Frames and legends of figures."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEGEND_ROW = 0.17
"""Inches of a row of a legend below a figure."""


def figure_legend(figure: "Figure", panels: Iterable["Axes"], per_row: int) -> None:
    """One legend under all panels, each method once."""
    entries: dict[str, Any] = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if entries:
        columns = min(per_row, len(entries))
        figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=columns, frameon=False)


def despine(axes: "Axes") -> None:
    """Take off the upper and the right edge."""
    axes.spines[["top", "right"]].set_visible(False)

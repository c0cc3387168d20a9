"""Figures by class: AP of every method in every class, its distance from the baseline, and rare against frequent."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bench.report.classes import THIRDS, ClassScores
from bench.report.figures.legends import despine, figure_legend
from bench.report.figures.palette import Styles
from bench.report.figures.style import COLUMN, PAGE, draw
from bench.stats.paired import Percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAT_CLASSES = 40
"""Rows of a heat map that fits a page; of more classes, those where methods differ most are shown."""

CLASS_ROW_INCHES, SMALL_FONT = 0.135, 5.5


def heat_figure(scores: ClassScores) -> Mapping[str, bytes]:
    """AP of methods (across) by class (down), the most frequent class on top."""
    shown = scores if len(scores.classes) <= HEAT_CLASSES else scores.most_different(HEAT_CLASSES)
    return draw(_heat, shown, "cividis", None, "AP (%)")


def difference_figure(scores: ClassScores, baseline: str) -> Mapping[str, bytes]:
    """AP minus the baseline's, white at none."""
    apart = scores.against(baseline)
    shown = apart if len(apart.classes) <= HEAT_CLASSES else apart.most_different(HEAT_CLASSES)
    # One class that a method does not learn at all must not bleach all others.
    limit = max(float(np.nanpercentile(np.abs(shown.values), 97)), 1.0)
    return draw(_heat, shown, "PuOr_r", limit, f"AP − {baseline}'s (points)")


def _heat(figure: "Figure", scores: ClassScores, colours: str, limit: float | None, label: str) -> None:
    rows, columns = len(scores.classes), len(scores.methods)
    figure.set_size_inches(COLUMN, 0.95 + CLASS_ROW_INCHES * rows)
    axes = figure.subplots()
    low, high = (-limit, limit) if limit else (float(np.nanmin(scores.values)), float(np.nanmax(scores.values)))
    image = axes.imshow(scores.values.T, cmap=colours, vmin=low, vmax=high, aspect="auto")
    axes.set(xticks=range(columns), yticks=range(rows))
    axes.set_xticklabels(scores.methods, rotation=40, ha="right", rotation_mode="anchor", fontsize=6.5)
    axes.set_yticklabels(scores.classes, fontsize=6)
    axes.tick_params(length=0, pad=2)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    for column, row in np.ndindex(columns, rows):
        value = scores.values[column, row]
        if np.isfinite(value):
            text = f"{value:+.0f}".replace("-", "−") if limit else f"{value:.0f}"
            red, green, blue, _ = image.cmap(image.norm(value))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            shown = "0" if text in ("+0", "−0") else text
            axes.text(
                column, row, shown, ha="center", va="center", fontsize=SMALL_FONT, color="white" if dark else "0.15"
            )  # fmt: skip
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02, aspect=30, extend="both" if limit else "neither")
    bar.set_label(label, fontsize=7)
    bar.ax.tick_params(labelsize=6, length=2)
    bar.outline.set_visible(False)


def frequency_figure(
    by_ratio: Sequence[tuple[Percent, ClassScores]], dashed: Collection[str], styles: Styles
) -> Mapping[str, bytes]:
    """Mean AP over the frequent, middle and rare third of the classes, a panel a ratio.

    dashed: the methods that did not learn from the labels left.
    """
    return draw(_frequency, by_ratio, dashed, styles)


def _frequency(
    figure: "Figure", by_ratio: Sequence[tuple[Percent, ClassScores]], dashed: Collection[str], styles: Styles
) -> None:
    methods = by_ratio[0][1].methods
    per_row = 3
    figure.set_size_inches(COLUMN if len(by_ratio) < 3 else PAGE, 2.0 + 0.17 * -(-len(methods) // per_row))
    panels = figure.subplots(1, len(by_ratio), sharey=True, squeeze=False)[0]
    for panel, (percent, scores) in zip(panels, by_ratio, strict=True):
        for method, means in zip(scores.methods, scores.thirds(), strict=True):
            colour, marker, dash = styles[method]
            panel.plot(
                range(len(THIRDS)), means, marker=marker, color=colour, label=method, linewidth=1.1, markersize=4,
                markeredgecolor="white", markeredgewidth=0.5, linestyle="--" if method in dashed else dash,
            )  # fmt: skip
        panel.set(title="" if percent is None else f"{percent} % known", xticks=range(len(THIRDS)), xlabel="classes")
        panel.set_xticklabels(THIRDS)
        panel.set_xlim(-0.25, len(THIRDS) - 0.75)
        panel.grid(axis="x", visible=False)
        despine(panel)
    panels[0].set_ylabel("mean AP (%)")
    figure_legend(figure, panels, per_row)

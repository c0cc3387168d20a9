"""A curve of mAP over one setting for each ratio, with a band of the paired difference from the default."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.report.figures.palette import MARKERS
from bench.report.figures.style import draw
from bench.report.tables.compared import AVERAGE, GainColumn, label_of
from bench.studies.sensitivity.design import scale_of
from bench.studies.sensitivity.findings import Sensitivity, SensitivityCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CURVE_WIDTH, CURVE_HEIGHT = 3.3, 2.3
LETTER_SHARE = 0.018
"""Share of the axis that a letter of a tick's name takes."""
AVERAGE_GREY = "0.35"
SETTING_PANELS = 5
"""Ratios that one figure can show; of more, the ends, the middle and the average are shown."""


def sensitivity_figure(result: Sensitivity, curve: SensitivityCurve) -> Mapping[str, bytes]:
    """By file suffix; empty without a number."""
    percents = result.results.percents
    shown: Sequence[GainColumn] = percents
    if len(percents) > SETTING_PANELS:
        shown = (percents[0], percents[len(percents) // 2], percents[-1], AVERAGE)
    shown = [column for column in shown if any(column in line.levels for line in curve.compared)]
    return draw(_curve, curve, shown) if shown else {}


def _curve(figure: "Figure", curve: SensitivityCurve, columns: Sequence[GainColumn]) -> None:
    import matplotlib as mpl

    figure.set_size_inches(CURVE_WIDTH, CURVE_HEIGHT)
    axes = figure.subplots()
    scale = scale_of(curve.values)
    places = _places(axes, curve.values, scale)
    shades = mpl.colormaps["viridis_r"]([0.25 + 0.75 * i / max(len(columns) - 1, 1) for i in range(len(columns))])
    for column, shade, marker in zip(columns, shades, MARKERS, strict=False):
        colour = AVERAGE_GREY if column == AVERAGE else shade
        _line(axes, curve, places, column, colour, marker, joined=scale != "category")
    _name_values(axes, curve, places)
    axes.axvline(places[curve.values.index(curve.default)], color="0.3", linewidth=0.8, linestyle=":", zorder=1)
    axes.set(xlabel=curve.setting, ylabel="mAP (%)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", visible=False)
    if len(columns) > 1:
        figure.legend(
            loc="outside upper center", ncols=len(columns), frameon=False, title="known labels", handlelength=1.6,
            columnspacing=1.2, title_fontsize=7,
        )  # fmt: skip


def _places(axes: "Axes", values: Sequence[Any], scale: str) -> list[float]:
    """Where the values stand on the axis, whose scale this sets."""
    if scale == "category":
        places = [float(i) for i in range(len(values))]
        axes.set_xlim(-0.4, len(values) - 0.6)
    elif scale == "symlog":
        places = [float(value) for value in values]
        axes.set_xscale("symlog", linthresh=min(value for value in values if value > 0), linscale=0.6)
    else:
        places = [float(value) for value in values]
        axes.set_xscale(scale)
    return places


def _name_values(axes: "Axes", curve: SensitivityCurve, places: Sequence[float]) -> None:
    """A tick at each value, the default's in bold; of values too close together some have no name."""
    from matplotlib.ticker import NullLocator

    axes.set_xlim(axes.get_xlim())
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in curve.values]
    to_share = axes.transScale + axes.transLimits
    shares = [float(to_share.transform((place, 1.0))[0]) for place in places]
    default = curve.values.index(curve.default)
    named: list[int] = []
    for i in sorted(range(len(texts)), key=lambda i: i != default):
        distances = [LETTER_SHARE * (len(texts[i]) + len(texts[j])) / 2 + LETTER_SHARE for j in named]
        if all(abs(shares[i] - shares[j]) >= least for j, least in zip(named, distances, strict=True)):
            named.append(i)
    axes.set_xticks(places, [text if i in named else "" for i, text in enumerate(texts)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.get_xticklabels()[default].set_fontweight("bold")


def _line(
    axes: "Axes",
    curve: SensitivityCurve,
    places: Sequence[float],
    column: GainColumn,
    shade: Any,
    marker: str,
    *,
    joined: bool,
) -> None:
    points = [(x, line) for x, line in zip(places, curve.compared, strict=True) if column in line.levels]
    xs, means = [x for x, _ in points], [line.levels[column].mean for _, line in points]
    style = "--" if column == AVERAGE else "-"
    lows, highs = zip(*(_band(line.gains.get(column), line.levels[column].mean) for _, line in points), strict=True)
    axes.plot(
        xs, means, marker=marker, color=shade, linestyle=style if joined else "", linewidth=1.3, markersize=4,
        markeredgecolor="white", markeredgewidth=0.5, label=label_of(column), zorder=3,
    )  # fmt: skip
    if joined:
        axes.fill_between(xs, lows, highs, color=shade, alpha=0.18, linewidth=0, zorder=2)
    else:
        axes.vlines(xs, lows, highs, color=shade, linewidth=1.0, zorder=2)


def _band(gained: Any, mean: float) -> tuple[float, float]:
    """The gain's interval about the mean; no width where there is none."""
    if gained is None or math.isnan(gained.low):
        return mean, mean
    return mean + gained.low - gained.mean, mean + gained.high - gained.mean

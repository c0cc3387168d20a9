"""Figure of gains: mAP minus the baseline's, paired by ratio and seed, with its interval.

draw_gains(axes, compared, results.percents, results.baseline)    # on axes of one's own
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bench.report.figures.legends import LEGEND_ROW, despine, figure_legend
from bench.report.figures.many_methods import METHOD_LIMIT, METHOD_ROW_INCHES
from bench.report.figures.palette import Styles, method_styles
from bench.report.figures.style import COLUMN, draw, outlying
from bench.report.tables.compared import AVERAGE, Compared, GainColumn, label_of
from bench.stats.paired import Percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FAINT = 0.35


def gain_figure(
    compared: Sequence[Compared], percents: Sequence[Percent], baseline: str, styles: Styles
) -> Mapping[str, bytes]:
    """Gains over the baseline, as `draw_gains` draws them, by file suffix; empty where there is none."""
    lines = [line for line in compared if line.gains]
    return draw(_gain_figure, lines, percents, baseline, styles) if lines else {}


def _gain_figure(
    figure: "Figure", lines: Sequence[Compared], percents: Sequence[Percent], baseline: str, styles: Styles
) -> None:
    if _one_number_each(lines, percents):
        count = len(_sorted_by_gain(lines, _only_column(percents)))
        figure.set_size_inches(COLUMN, 0.75 + (0.24 if count <= METHOD_LIMIT else METHOD_ROW_INCHES) * count)
    else:
        figure.set_size_inches(COLUMN, 2.4 + LEGEND_ROW * -(-len(lines) // 2))
    axes = figure.subplots()
    draw_gains(axes, lines, percents, baseline, styles, legend=False)
    if not _one_number_each(lines, percents):
        figure_legend(figure, [axes], per_row=2)


def draw_gains(
    axes: "Axes", compared: Sequence[Compared], percents: Sequence[Percent], baseline: str,
    styles: Styles | None = None, legend: bool = True,
) -> None:  # fmt: skip
    """Gains over the baseline at each ratio; hollow where the interval holds 0. Many methods go down the page."""
    lines = [line for line in compared if line.gains]
    styles = styles or method_styles(line.line.name for line in lines)
    if _one_number_each(lines, percents):
        _draw_gain_rows(axes, lines, _only_column(percents), baseline, styles)
        return
    _draw_gains_over_ratios(axes, lines, percents, baseline, styles)
    if legend:
        axes.legend(frameon=False)


def _one_number_each(lines: Sequence[Compared], percents: Sequence[Percent]) -> bool:
    return len(lines) > METHOD_LIMIT or len(percents) == 1


def _only_column(percents: Sequence[Percent]) -> GainColumn:
    return AVERAGE if len(percents) > 1 else percents[0]


def _draw_gains_over_ratios(
    axes: "Axes", lines: Sequence[Compared], percents: Sequence[Percent], baseline: str, styles: Styles
) -> None:
    places = [float(p) for p in percents if p is not None]
    step = min((b - a for a, b in itertools.pairwise(places)), default=1.0)
    apart = min(0.5 * step, 0.08 * (places[-1] - places[0]))
    for number, line in enumerate(lines):
        # Side by side, so that whiskers of one ratio do not hide one another.
        shift = (number - (len(lines) - 1) / 2) * apart / max(len(lines), 4)
        have = [(x + shift, line.gains[p]) for x, p in zip(places, percents, strict=True) if p in line.gains]
        colour, marker, dash = styles[line.line.name]
        axes.plot(
            [x for x, _ in have], [gain.mean for _, gain in have], color=colour, linewidth=0.9, label=line.line.name,
            linestyle=dash, marker=marker, markersize=4, markeredgecolor="white", markeredgewidth=0.5,
        )  # fmt: skip
        for x, gain in have:
            if not math.isnan(gain.low):
                axes.plot([x, x], [gain.low, gain.high], color=colour, linewidth=0.9, alpha=0.8)
            if gain.not_significant:
                axes.plot(x, gain.mean, marker, markersize=4, markerfacecolor="white", markeredgecolor=colour)
    axes.axhline(0, color="0.3", linewidth=0.8)
    _keep_means_readable(axes, lines)
    axes.set(xlabel="known labels (%)", ylabel=f"mAP − {baseline}'s (points)", xticks=places)
    despine(axes)


def _keep_means_readable(axes: "Axes", lines: Sequence[Compared]) -> None:
    """A whisker many times as long as the means are apart is cut at the frame."""
    means = [gain.mean for line in lines for gain in line.gains.values()] + [0.0]
    reach = max(max(means) - min(means), 1.0)
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, min(means) - 0.75 * reach), min(high, max(means) + 0.75 * reach))


def _sorted_by_gain(lines: Sequence[Compared], column: GainColumn) -> list[Compared]:
    return sorted((line for line in lines if column in line.gains), key=lambda line: -line.gains[column].mean)


def _draw_gain_rows(axes: "Axes", lines: Sequence[Compared], column: GainColumn, baseline: str, styles: Styles) -> None:
    have = _sorted_by_gain(lines, column)
    edge = outlying([line.gains[column].mean for line in have] + [0.0])
    kept = [line.gains[column] for line in have if line.gains[column].mean >= edge]
    ends = [end for gain in kept for end in gain[:3] if not math.isnan(end)] + [0.0]
    low, high = min(ends), max(ends)
    margin = 0.05 * max(high - low, 1.0)
    for place, line in enumerate(have):
        gain = line.gains[column]
        colour, marker, _ = styles[line.line.name]
        face = "white" if gain.not_significant else colour
        if gain.mean < edge:
            axes.annotate(
                f"◂ {gain.mean:.1f}".replace("-", "−"),
                (low - 0.7 * margin, place),
                va="center",
                fontsize=6,
                color=colour,
            )
            continue
        if not math.isnan(gain.low):
            axes.plot([gain.low, gain.high], [place, place], color=colour, linewidth=1.1)
        axes.plot(gain.mean, place, marker, color=colour, markersize=4, markerfacecolor=face)
    axes.axvline(0, color="0.3", linewidth=0.8)
    axes.set(yticks=range(len(have)), yticklabels=[line.line.name for line in have], ylim=(len(have) - 0.5, -0.5))
    axes.set_xlabel(f"mAP − {baseline}'s (points)")
    if column is not None:
        title = "average over ratios" if column == AVERAGE else f"{label_of(column)} of the labels known"
        axes.set_title(title, fontsize=7.5)
    axes.set_xlim(low - margin, high + margin)
    axes.tick_params(axis="y", labelsize=6 if len(have) > METHOD_LIMIT else 7)
    axes.grid(axis="y", linewidth=0.3)
    despine(axes)

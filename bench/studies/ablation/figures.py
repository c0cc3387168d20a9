"""The figures of an ablation: a waterfall for a ladder, bars for what is left out or added, a map of interactions."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.report.figures.style import draw
from bench.report.tables.compared import AVERAGE, GainColumn, label_of
from bench.report.tables.gains import signed
from bench.stats.paired import Gain
from bench.studies.ablation.findings import TIMES, Ablation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABLATION_WIDTH = 3.3
RATIO_PANELS = 4
"""Ratios that a figure can show as panels or bars; of more, some are shown."""

UP, DOWN, ENDS = "#0072B2", "#D55E00", "#000000"
"""mAP gained, lost, and where it starts."""

UNSURE_ALPHA = 0.4
"""Pale: the interval holds 0."""

DARK_TEXT = "0.15"


def ablation_figures(ablation: Ablation) -> dict[str, Mapping[str, bytes]]:
    """By name; what has no numbers is left out."""
    if ablation.design == "ladder":
        shown = [column for column in _shown(ablation) if _steps(ablation, column)]
        return {"waterfall": draw(_waterfall, ablation, shown)} if shown else {}
    if ablation.design == "factorial":
        mains = {name: by for name, by in ablation.effects.items() if TIMES not in name}
        figures = {"effects": draw(_bars, mains, _shown(ablation), "effect on mAP (points)")} if mains else {}
        return figures | ({"interactions": draw(_interactions, ablation)} if len(ablation.effects) > len(mains) else {})
    gains = {line.line.label: line.gains for line in ablation.compared if line.gains}
    return {"parts": draw(_bars, gains, _shown(ablation), "change in mAP (points)")} if gains else {}


def _shown(ablation: Ablation) -> tuple[GainColumn, ...]:
    """All ratios, or the lowest, the middle and the highest and the average of many."""
    percents = ablation.results.percents
    if len(percents) <= RATIO_PANELS:
        return percents
    return (percents[0], percents[len(percents) // 2], percents[-1], AVERAGE)


LadderStep = tuple[str, float, float, Gain]
"""A rung, mAP before and after it, and its gain."""


def _steps(ablation: Ablation, column: GainColumn) -> list[LadderStep]:
    """From the lowest rung up, as far as neighbours have numbers."""
    steps: list[LadderStep] = []
    levels = {line.line.label: line.levels.get(column) for line in ablation.compared}
    for line in ablation.compared:
        before, after, gained = levels.get(line.line.against), levels[line.line.label], line.gains.get(column)
        if before and after and gained:
            steps.append((line.line.label, before.mean, after.mean, gained))
    return steps


def _waterfall(figure: "Figure", ablation: Ablation, columns: Sequence[GainColumn]) -> None:
    """A panel a ratio: floating bars from one rung to the next, a whisker for the interval of the gain."""
    rows = 1 + max(len(_steps(ablation, column)) for column in columns)
    figure.set_size_inches(ABLATION_WIDTH, 0.35 + (0.28 + 0.185 * rows) * len(columns))
    panels = figure.subplots(len(columns), 1, sharex=True, squeeze=False)[:, 0]
    for panel, column in zip(panels, columns, strict=True):
        _waterfall_panel(panel, _steps(ablation, column), ablation.compared[0].line.label)
        panel.set_title("" if column is None else _known(column), loc="left", pad=3)
    low, high = panels[-1].get_xlim()
    panels[-1].set_xlim(low - 0.05 * (high - low), high + 0.28 * (high - low))  # room for the last numbers
    panels[-1].set_xlabel("mAP (%)")


def _waterfall_panel(panel: "Axes", steps: Sequence[LadderStep], base: str) -> None:
    names = [base, *(name for name, *_ in steps)]
    start = steps[0][1]
    panel.plot(start, 0, "D", color=ENDS, markersize=3.5)
    _annotate(panel, f"{start:.1f}", start, 0)
    for place, (_, before, after, gained) in enumerate(steps, start=1):
        panel.plot([before, before], [place - 1, place + 0.36], color="0.6", linewidth=0.6, zorder=1)
        colour = UP if after >= before else DOWN
        panel.barh(place, after - before, left=before, height=0.6, **_fill(colour, gained), zorder=2)
        right = max(before, after)
        if not math.isnan(gained.low):
            low, high = before + gained.low, before + gained.high
            _whisker(panel, low, high, place)
            right = max(right, high)
        text = signed(gained.mean) + (" n.s." if gained.not_significant else "")
        _annotate(panel, f"{text} → {after:.1f}" if place == len(steps) else text, right, place)
    panel.set(yticks=range(len(names)), yticklabels=[_wrapped(name) for name in names])
    panel.set_ylim(len(names) - 0.45, -0.55)
    panel.tick_params(axis="y", labelsize=6.5, length=0)
    panel.grid(axis="y", visible=False)
    panel.spines[["top", "right", "left"]].set_visible(False)


def _annotate(axes: "Axes", text: str, x: float, y: float, *, left: bool = False, size: float = 6.5) -> None:
    """A small text beside a point, to the right or to the left of it."""
    axes.annotate(
        text, (x, y), (-4 if left else 4, 0), textcoords="offset points", va="center", ha="right" if left else "left",
        fontsize=size, color=DARK_TEXT,
    )  # fmt: skip


def _whisker(axes: "Axes", low: float, high: float, y: float) -> None:
    """An interval, with a light edge so that it is seen on any bar."""
    from matplotlib import patheffects

    edge = [patheffects.withStroke(linewidth=2.0, foreground="white", alpha=0.8)]
    axes.plot([low, high], [y, y], color=DARK_TEXT, linewidth=0.9, zorder=4, path_effects=edge, solid_capstyle="butt")


def _fill(colour: str, gained: Gain) -> dict[str, Any]:
    """Pale where the interval holds 0, hatched where mAP falls, so that it shows in print without colour."""
    alpha = UNSURE_ALPHA if gained.not_significant else 1.0
    hatch = "//////" if colour == DOWN else None
    return {"color": colour, "alpha": alpha, "hatch": hatch, "edgecolor": "white", "linewidth": 0}


def _bars(
    figure: "Figure", gains: Mapping[str, Mapping[GainColumn, Gain]], columns: Sequence[GainColumn], label: str
) -> None:
    """A group a variant, a bar a ratio with the interval as a whisker; pale where it holds 0."""
    import matplotlib as mpl

    names = [name for name in gains if any(column in gains[name] for column in columns)]
    thick = 0.8 / len(columns)
    lines = sum(_wrapped(name).count("\n") for name in names)
    figure.set_size_inches(ABLATION_WIDTH, 0.75 + max(0.2, 0.115 * len(columns)) * len(names) + 0.05 * lines)
    axes = figure.subplots()
    shades = mpl.colormaps["viridis_r"]([0.25 + 0.75 * i / max(len(columns) - 1, 1) for i in range(len(columns))])
    for place, (column, shade) in enumerate(zip(columns, shades, strict=True)):
        offset = (place - (len(columns) - 1) / 2) * thick
        for row, name in enumerate(names):
            ablation = gains[name].get(column)
            if ablation is None:
                continue
            alpha = UNSURE_ALPHA if ablation.not_significant else 1.0
            axes.barh(row + offset, ablation.mean, height=thick * 0.92, color=shade, alpha=alpha, linewidth=0)
            ends = [ablation.mean, 0.0]
            if not math.isnan(ablation.low):
                _whisker(axes, ablation.low, ablation.high, row + offset)
                ends += [ablation.low, ablation.high]
            left = ablation.mean < 0
            _annotate(axes, signed(ablation.mean), min(ends) if left else max(ends), row + offset, left=left, size=5.5)
        if len(columns) > 1:
            axes.barh([0], [0], color=shade, label=label_of(column))
    axes.axvline(0, color="0.3", linewidth=0.8)
    low, high = axes.get_xlim()
    margin = 0.14 * (high - low)
    means = [gains[name][column].mean for name in names for column in columns if column in gains[name]]
    axes.set_xlim(low - margin * (min(means) < 0), high + margin * (max(means) > 0))
    axes.set(yticks=range(len(names)), yticklabels=[_wrapped(name) for name in names], xlabel=label)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.locator_params(axis="x", nbins=6)
    axes.tick_params(axis="y", labelsize=6.5, length=0)
    axes.grid(axis="y", visible=False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    if len(columns) > 1:
        figure.legend(
            loc="outside upper center", ncols=len(columns), frameon=False, title="known labels", handlelength=1.0,
            columnspacing=1.2, title_fontsize=7,
        )  # fmt: skip


def _interactions(figure: "Figure", ablation: Ablation) -> None:
    """Effects of pairs, averaged over ratios; bracketed where the interval holds 0."""
    import seaborn as sns

    parts = ablation.study["parts"]
    column = AVERAGE if AVERAGE in ablation.columns else ablation.columns[0]
    size = len(parts)
    values = [[math.nan] * size for _ in parts]
    texts = [[""] * size for _ in parts]
    for name, by_column in ablation.effects.items():
        first, _, second = name.partition(TIMES)
        effect = by_column.get(column)
        if second and effect:
            row, place = sorted((parts.index(first), parts.index(second)), reverse=True)
            values[row][place] = effect.mean
            texts[row][place] = f"({signed(effect.mean)})" if effect.not_significant else signed(effect.mean)
    limit = max((abs(v) for row in values for v in row if not math.isnan(v)), default=1.0) or 1.0
    rows = [r for r in range(size) if any(texts[r])]
    places = [c for c in range(size) if any(texts[r][c] for r in rows)]
    figure.set_size_inches(ABLATION_WIDTH, 0.9 + 0.3 * len(rows))
    axes = figure.subplots()
    sns.heatmap(
        [[values[r][c] for c in places] for r in rows], annot=[[texts[r][c] for c in places] for r in rows], fmt="",
        cmap=sns.diverging_palette(20, 240, s=80, l=50, as_cmap=True), vmin=-limit, vmax=limit, linewidths=0.5, ax=axes,
        xticklabels=[parts[c] for c in places], yticklabels=[parts[r] for r in rows], annot_kws={"fontsize": 6.5},
        cbar_kws={"label": "interaction (points)", "shrink": 0.9},
    )  # fmt: skip
    axes.grid(visible=False)
    axes.tick_params(labelsize=6.5, length=0)
    axes.tick_params(axis="x", rotation=35)
    axes.tick_params(axis="y", rotation=0)
    for text in axes.get_xticklabels():
        text.set(horizontalalignment="right", rotation_mode="anchor")


def _known(column: GainColumn) -> str:
    return "average over ratios" if column == AVERAGE else f"{label_of(column)} of the labels known"


def _wrapped(name: str) -> str:
    """Two lines of about equal length for a long name."""
    if len(name) <= 18:
        return name
    spaces = [i for i, letter in enumerate(name) if letter == " " and i > 1]
    if not spaces:
        return name
    middle = min(spaces, key=lambda i: abs(i - len(name) / 2))
    return f"{name[:middle]}\n{name[middle + 1 :]}"

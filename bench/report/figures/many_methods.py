"""Figures of many methods, one row each: lines in thirty colours cannot be distinguished."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.report.figures.style import PAGE, outlying
from bench.report.results import Results
from bench.report.tables.spread import over_seeds, three
from bench.stats import SeedInterval, seed_interval
from bench.stats.paired import Percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

METHOD_LIMIT = 10
"""Methods that a figure of lines can take: as many as there are colours."""

METHOD_ROW_INCHES = 0.15
"""Inches of a method's row."""

APART = 0.24
"""Rows between the dots of two ratios of one method."""

REFERENCES = {"ceiling": ("-", "all labels"), "untrained": (":", "no training")}
"""Methods whose level is drawn from top to bottom, by their role."""


def has_many_methods(results: Results) -> bool:
    return len(results.methods) > METHOD_LIMIT


def methods_by_level(results: Results) -> list[str]:
    """The methods with numbers, best mean over their ratios first."""
    means: dict[str, list[float]] = {}
    for (method, _), place in over_seeds(results.frame, "mAP").items():
        means.setdefault(method, []).append(place.mean)
    return sorted(means, key=lambda method: -sum(means[method]) / len(means[method]))


def methods_by_lowest_ratio(results: Results) -> list[str]:
    """The methods with numbers, best mean at the lowest ratio first; those without one there by their average, last."""
    places, lowest = over_seeds(results.frame, "mAP"), results.percents[0]
    level = {method: place.mean for (method, percent), place in places.items() if percent == lowest}
    order = methods_by_level(results)
    return [*sorted(level, key=lambda method: -level[method]), *(method for method in order if method not in level)]


def methods_to_draw(results: Results) -> list[str]:
    """The methods that a figure has room for: all, or the best and the baseline."""
    best = methods_by_level(results)
    if not has_many_methods(results):
        return [method for method in results.methods if method in best]
    baseline = results.baseline
    kept = best[:METHOD_LIMIT]
    return kept if baseline is None or baseline in kept else [*kept[: METHOD_LIMIT - 1], baseline]


def drawn_percents(results: Results) -> tuple[Percent, ...]:
    """The ratios of the figure: the lowest, the one in the middle, the highest."""
    return three(results.percents)


class _Group(NamedTuple):
    """What one kind of mark stands for: a ratio, or cells of no ratio.

    levels: by method, over seeds. shift: of the marks in rows, so that intervals of one method do not hide one another.
    """

    label: str
    marker: str
    colour: Any
    levels: Mapping[str, SeedInterval]
    shift: float = 0.0


def ranked_methods_size(results: Results) -> tuple[float, float]:
    """Inches across and down of the figure that `draw_ranked_methods` fills."""
    return PAGE, 0.85 + METHOD_ROW_INCHES * len(methods_by_lowest_ratio(results))


def draw_ranked_methods(axes: "Axes", results: Results) -> None:
    """Methods down the page, best at the lowest ratio first; a dot is a ratio's mean, its line the interval over seeds.

    Methods that do not depend on the ratio have one grey diamond. Lines from top to bottom: the baseline at each of the
    ratios, and, grey, the levels of all labels and of no training.
    """
    methods, groups = methods_by_lowest_ratio(results), _groups(results)
    means = results.frame.drop_duplicates(["method", "percent", "key"]).groupby("method")["mAP"].mean()
    outside = set(means[means < outlying(means.tolist())].index)
    kept = [level.mean for group in groups for method, level in group.levels.items() if method not in outside]
    low, high = min(kept), max(kept)
    margin = 0.03 * max(high - low, 1.0)
    for place in range(0, len(methods), 2):
        axes.axhspan(place - 0.5, place + 0.5, color="0.965", linewidth=0, zorder=0)
    for group in groups:
        axes.plot([], [], group.marker, color=group.colour, markersize=4, label=group.label)
        for method, level in group.levels.items():
            if method in outside:
                where = (low - 0.8 * margin, methods.index(method))
                axes.annotate(f"◂ {level.mean:.1f}", where, va="center", fontsize=6, color="0.3")
            else:
                _mark(axes, group, level, methods.index(method))
    _references(axes, groups, results, outside)
    axes.set(yticks=range(len(methods)), yticklabels=methods, ylim=(len(methods) - 0.5, -0.5), xlabel="mAP (%)")
    axes.set_xlim(low - margin, high + margin)
    axes.tick_params(axis="y", labelsize=6.5, length=0)
    axes.grid(axis="y", visible=False)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _groups(results: Results) -> list[_Group]:
    import matplotlib as mpl

    frame = results.frame.drop_duplicates(["method", "percent", "key"])
    fixed = frame["role"] != "observed"
    percents = drawn_percents(results)
    groups = []
    for place, percent in enumerate(percents):
        selected = frame[~fixed & (frame["percent"].isna() if percent is None else frame["percent"] == percent)]
        shade = mpl.colormaps["viridis_r"](0.25 + 0.6 * place / max(len(percents) - 1, 1))
        label = "mAP" if percent is None else f"{percent} % known"
        groups.append(_Group(label, "o", shade, _over_seeds(selected), (place - (len(percents) - 1) / 2) * APART))
    groups.append(_Group("any ratio", "D", "0.45", _over_seeds(frame[fixed].drop_duplicates("key"))))
    return [group for group in groups if group.levels]


def _over_seeds(frame: "pd.DataFrame") -> dict[str, SeedInterval]:
    return {str(method): seed_interval(cells.tolist()) for method, cells in frame.groupby("method")["mAP"]}


def _mark(axes: "Axes", group: _Group, level: SeedInterval, row: int) -> None:
    height = row + group.shift
    if level.kind != "none":
        ends = [level.low, level.high]
        axes.plot(ends, [height, height], color=group.colour, linewidth=0.9, solid_capstyle="butt")
    axes.plot(level.mean, height, group.marker, color=group.colour, markersize=3.6, markeredgewidth=0)


def _references(axes: "Axes", groups: Sequence[_Group], results: Results, outside: Collection[str]) -> None:
    """The baseline's lines, and those of methods that saw all labels or were not trained."""
    baseline, dashes = results.baseline or "", (0, (4, 2))
    levels = [group for group in groups if baseline in group.levels]
    for group in levels:
        axes.axvline(group.levels[baseline].mean, color=group.colour, linewidth=0.9, linestyle=dashes, zorder=1)
    if levels:
        axes.plot([], [], color="0.3", linewidth=0.9, linestyle=dashes, label=f"{baseline} (baseline)")
    roles = results.frame.groupby("method")["role"].first()
    for method, level in (item for group in groups if group.marker == "D" for item in group.levels.items()):
        if method not in outside and roles[method] in REFERENCES:
            style, word = REFERENCES[roles[method]]
            axes.axvline(level.mean, color="0.45", linewidth=0.9, linestyle=style, zorder=1, label=f"{method} ({word})")

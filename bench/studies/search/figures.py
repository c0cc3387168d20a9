"""A search in four figures, drawn from its plain trials: history, importance, parallel coordinates, slices.

Optuna's own matplotlib figures change the style of all figures and let their labels overlap; its importances are used.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.records.paths import inside
from bench.report.figures.style import COLUMN, draw
from bench.studies.search.importance import importances
from bench.studies.search.outcome import TrialRecord, best, best_so_far
from bench.studies.search.scales import set_scale, value_height, value_labels, value_place
from bench.studies.search.space import Space
from bench.system.files import atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


WIDE = 7.0
"""Inches: both columns."""


TRIAL_COLOUR, LINE_COLOUR, BEST_COLOUR, FAILED_COLOUR = "#0072B2", "#000000", "#D55E00", "0.6"


OBJECTIVE_LABEL = "held-out mAP (%)"


HEAT_COLOURS = "viridis"


SearchFigures = Mapping[str, Mapping[str, bytes]]


def search_figures(trials: Sequence[TrialRecord], space: Space, title: str) -> SearchFigures:
    """Name to suffix to image; only those that the trials suffice for."""
    complete = [trial for trial in trials if trial.state == "complete"]
    if not complete:
        return {}
    images = {"history": draw(_history, trials, title), "slices": draw(_slices, complete, space, title)}
    if shares := importances(trials, space):
        images["importance"] = draw(_importance, shares, len(complete), title)
    if len(space) > 1 and len(complete) > 1:
        images["parallel"] = draw(_parallel, complete, space, title)
    return images


def write_figures(images: SearchFigures, folder: Path) -> list[Path]:
    """The files written, PNG and SVG of each."""
    paths = []
    for name, by_suffix in images.items():
        for suffix, content in by_suffix.items():
            paths.append(inside(folder, f"{name}.{suffix}"))
            with atomic(paths[-1]) as file:
                file.write(content)
    return paths


def _history(figure: "Figure", trials: Sequence[TrialRecord], title: str) -> None:
    """Every trial's objective, the best so far as steps, and where trials were pruned or failed."""
    figure.set_size_inches(COLUMN, 2.6)
    axes = figure.subplots()
    complete = [trial for trial in trials if trial.state == "complete"]
    axes.plot(
        [t.number for t in complete], [t.value or 0.0 for t in complete], "o", color=TRIAL_COLOUR, markersize=3.5,
        alpha=0.8, markeredgewidth=0, label="trial",
    )  # fmt: skip
    line = best_so_far(trials)
    last = max(trial.number for trial in trials)
    axes.step([*(n for n, _ in line), last], [*(v for _, v in line), line[-1][1]], where="post", color=LINE_COLOUR,
              linewidth=1.2, label="best so far")  # fmt: skip
    for trial in complete:
        if trial.origin and trial.number == 0:
            axes.axhline(
                trial.value or 0, color=BEST_COLOUR, linewidth=0.9, linestyle="--", label="settings as they were"
            )
    for state, marker in (("pruned", "|"), ("failed", "x")):
        numbers = [trial.number for trial in trials if trial.state == state]
        if numbers:
            axes.plot(
                numbers, [0.02] * len(numbers), marker, color=FAILED_COLOUR, markersize=5,
                transform=axes.get_xaxis_transform(), label=state,
            )  # fmt: skip
    _limits(axes, [trial.value for trial in complete if trial.value is not None])
    axes.set(xlabel="trial", ylabel=OBJECTIVE_LABEL, title=title)
    axes.locator_params(axis="x", integer=True, nbins=7)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    _despine(axes)


def _limits(axes: "Axes", values: Sequence[float]) -> None:
    """Leave trials that are far below most out of sight, or the differences that matter cannot be seen."""
    low, high = np.quantile(values, 0.1), max(values)
    span = max(high - low, 0.5)
    axes.set_ylim(max(min(values) - 0.1 * span, low - span), high + 0.1 * span)


def _importance(figure: "Figure", shares: Mapping[str, float], trials: int, title: str) -> None:
    figure.set_size_inches(COLUMN, 0.9 + 0.22 * len(shares))
    axes = figure.subplots()
    names, values = list(shares), list(shares.values())
    axes.barh(range(len(names)), values, color=TRIAL_COLOUR, height=0.65)
    for place, value in enumerate(values):
        axes.text(value + 0.01, place, f"{100 * value:.0f} %", va="center", fontsize=7)
    axes.set(
        yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5),
        xlim=(0, min(1.0, max(values)) * 1.15),
        xlabel=f"share of the variance (fANOVA, {trials} trials)", title=title,
    )  # fmt: skip
    axes.grid(axis="y", visible=False)
    _despine(axes)


def _slices(figure: "Figure", complete: Sequence[TrialRecord], space: Space, title: str) -> None:
    """The objective against each option; later trials are darker, the best one is ringed."""
    from matplotlib.ticker import MaxNLocator

    columns = min(4, len(space))
    lines = -(-len(space) // columns)
    figure.set_size_inches(max(COLUMN, WIDE * columns / 4), 0.5 + 1.7 * lines)
    panels = figure.subplots(lines, columns, sharey=True, squeeze=False).flatten()
    values = [trial.value or 0.0 for trial in complete]
    winner = best(complete)
    dots: Any = None
    for panel, (option, range_) in zip(panels, space.items(), strict=False):
        places = [value_place(range_, trial.settings[option]) for trial in complete]
        dots = panel.scatter(places, values, c=[t.number for t in complete], cmap=_blues(), s=14,
                             edgecolors="0.4", linewidths=0.3)  # fmt: skip
        if winner:
            panel.scatter([value_place(range_, winner.settings[option])], [winner.value], s=45, facecolors="none",
                          edgecolors=BEST_COLOUR, linewidths=1.2)  # fmt: skip
        set_scale(panel, range_)
        panel.set_xlabel(option)
        _despine(panel)
    _limits(panels[0], values)
    for panel in panels[len(space) :]:
        panel.set_visible(False)
    for panel in panels[::columns]:
        panel.set_ylabel(OBJECTIVE_LABEL)
    bar = figure.colorbar(dots, ax=list(panels[: len(space)]), label="trial", pad=0.01, aspect=30)
    bar.locator = MaxNLocator(integer=True, nbins=5)
    bar.update_ticks()
    figure.suptitle(title, fontsize=8)


def _blues() -> Any:
    """From a blue that can be seen on white to the darkest."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["Blues"](np.linspace(0.25, 1.0, 64)))


def _parallel(figure: "Figure", complete: Sequence[TrialRecord], space: Space, title: str) -> None:
    """One line a trial through all options, coloured by its objective; the better, the further in front."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    figure.set_size_inches(max(COLUMN, min(WIDE, 1.5 + 0.85 * len(space))), 2.9)
    axes = figure.subplots()
    values = [trial.value or 0.0 for trial in complete]
    colour = ScalarMappable(Normalize(float(np.quantile(values, 0.1)), max(values)), HEAT_COLOURS)
    places = range(len(space))
    shades = colour.to_rgba(np.array(values))
    for i in np.argsort(values, kind="stable"):
        heights = [value_height(range_, complete[i].settings[option]) for option, range_ in space.items()]
        axes.plot(places, heights, color=shades[i], linewidth=1.0, alpha=0.85)
    winner = best(complete)
    if winner:
        heights = [value_height(range_, winner.settings[option]) for option, range_ in space.items()]
        axes.plot(
            places,
            heights,
            color=BEST_COLOUR,
            linewidth=2.0,
            marker="o",
            markersize=4,
            label=f"best (trial {winner.number})",
        )
    for place, range_ in zip(places, space.values(), strict=True):
        axes.axvline(place, color="0.6", linewidth=0.8, zorder=0)
        for height, text in value_labels(range_):
            box = {"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.6}
            axes.annotate(
                text,
                (place, height),
                (2, 0),
                textcoords="offset points",
                fontsize=6,
                va="center",
                color="0.25",
                bbox=box,
            )
    axes.set(xticks=places, yticks=[], ylim=(-0.06, 1.06), xlim=(-0.15, len(space) - 0.5), title=title)
    axes.set_xticklabels(list(space), rotation=25 if len(space) > 5 else 0, ha="right" if len(space) > 5 else "center")
    axes.grid(visible=False)
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    figure.colorbar(colour, ax=axes, label=OBJECTIVE_LABEL, pad=0.01, aspect=25, extend="min")
    if winner:
        figure.legend(loc="outside lower center", frameon=False)


def _despine(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)

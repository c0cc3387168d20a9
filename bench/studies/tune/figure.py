"""mAP over the tuning budget: a panel for each method, all others in grey behind it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bench.report.figures.palette import PALETTE
from bench.report.figures.style import PAGE, draw
from bench.studies.tune.outcome import Tuning

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TestLevels = Mapping[str, tuple[float | None, float | None]]
"""Test mAP by method, with the settings as they were and with the chosen ones, where they were trained."""

PANELS_ACROSS = 5
OTHERS = "0.85"


def budget_figure(tunings: Sequence[Tuning], tests: TestLevels, heldout: str) -> Mapping[str, bytes]:
    """By file suffix; empty where no trial has a number. heldout: what the held-out mAP is, for the axis."""
    drawn = [one for one in tunings if one.chosen]
    return draw(_panels, drawn, tests, heldout) if drawn else {}


def budget_line(one: Tuning) -> list[tuple[int, float]]:
    """(trials, expected best held-out mAP) where there is a number."""
    return [(k, level) for k in range(1, len(one.trials) + 1) if (level := one.at(k)) is not None]


def _panels(figure: "Figure", tunings: Sequence[Tuning], tests: TestLevels, heldout: str) -> None:
    down = -(-len(tunings) // PANELS_ACROSS)
    across = -(-len(tunings) // down)
    figure.set_size_inches(PAGE * max(across, 3) / PANELS_ACROSS, 0.6 + 1.15 * down)
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).flatten()
    lines = {one.method: budget_line(one) for one in tunings}
    most = max(len(one.trials) for one in tunings)
    for panel, one in zip(panels, tunings, strict=False):
        for method, line in lines.items():
            if method != one.method:
                panel.plot(*zip(*line, strict=True), color=OTHERS, linewidth=0.7, zorder=1)
        panel.plot(*zip(*lines[one.method], strict=True), color=PALETTE["blue"], linewidth=1.5, label="held-out")
        measured = [(k, x) for k, x in zip((1, most), tests.get(one.method, ()), strict=False) if x is not None]
        if measured:
            panel.plot(*zip(*measured, strict=True), "D", color=PALETTE["vermillion"], markersize=3.5, label="test",
                       clip_on=False, zorder=3)  # fmt: skip
        panel.set_title(one.method, fontsize=7, pad=2)
        panel.set_xlim(1 - 0.06 * most, most + 0.06 * most)
        panel.locator_params(axis="x", integer=True, nbins=4)
        panel.locator_params(axis="y", nbins=4)
        panel.tick_params(labelsize=6)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in panels[len(tunings) :]:
        panel.set_visible(False)
    for place in range(max(0, len(tunings) - across), len(tunings)):
        panels[place].tick_params(labelbottom=True)
    figure.supxlabel("trials (settings tried)", fontsize=8)
    figure.supylabel(heldout, fontsize=8)
    handles = {label: line for panel in panels for line, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles, loc="outside upper right", ncols=2, frameon=False)

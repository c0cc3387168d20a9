"""The figure of `growth.py`: seconds of a step and memory of a training over the classes and over the images."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.report.figures.legends import despine, figure_legend
from bench.report.figures.palette import method_styles
from bench.report.figures.style import PAGE, draw

COLOURS = {"dualcoop": "blue", "trm_ml": "vermillion", "asl": "green"}


@dataclass(frozen=True)
class Measured:
    """CPU seconds of the process, per step in "step"; MiB more than before the phase: at most, and kept behind it."""

    method: str
    images: int
    classes: int
    phase: str
    seconds: float
    mib: float
    kept: float


Phases = Mapping[str, Measured]


def growth_figure(measured: Sequence[Measured]) -> bytes:
    """A PNG: a column for each of classes and images that varies, logarithmic axes."""
    return draw(_paint, measured)["png"]


def _paint(figure: Any, measured: Sequence[Measured]) -> None:
    varied = [along for along in ("classes", "images") if len({getattr(one, along) for one in measured}) > 1]
    figure.set_size_inches(PAGE, 4.2)
    panels = figure.subplots(2, len(varied), sharex="col", sharey="row", squeeze=False)
    for column, along in enumerate(varied):
        other = "images" if along == "classes" else "classes"
        usual = Counter(getattr(one, other) for one in measured).most_common(1)[0][0]
        series = [one for one in measured if getattr(one, other) == usual]
        for axes, value in zip(panels[:, column], (_step, _peak), strict=True):
            _lines(axes, series, along, value)
        panels[0][column].set_title(f"{usual:,} {other}")
        panels[1][column].set_xlabel(along)
    panels[0][0].set_ylabel("CPU seconds of a step")
    panels[1][0].set_ylabel("MiB of a training, at most")
    figure_legend(figure, panels.flat, per_row=8)


def _lines(axes: Any, series: Sequence[Measured], along: str, value: Callable[[Phases], float]) -> None:
    by_method: dict[str, dict[int, dict[str, Measured]]] = {}
    for one in series:
        by_method.setdefault(one.method, {}).setdefault(getattr(one, along), {})[one.phase] = one
    for method, (colour, marker, dash) in method_styles(by_method, COLOURS).items():
        sizes = sorted(by_method[method])
        values = [value(by_method[method][size]) for size in sizes]
        axes.plot(sizes, values, color=colour, marker=marker, linestyle=dash, label=method, markersize=4)
    ticks = sorted({getattr(one, along) for one in series})
    axes.set(xscale="log", yscale="log")
    axes.set_xticks(ticks, [f"{size:,}" for size in ticks])
    axes.yaxis.set_major_formatter(lambda value, place: f"{value:,g}")
    axes.minorticks_off()
    despine(axes)


def _step(phases: Phases) -> float:
    return phases["step"].seconds


def _peak(phases: Phases) -> float:
    """More than before the model, in its first step or later; what is below 1 MiB says nothing."""
    first, step = phases["first"], phases["step"]
    return max(first.mib, first.kept + step.mib, 1.0)

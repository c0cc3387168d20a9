"""The figure of `growth.py`: seconds of a step and memory of a training over the classes and over the images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.report.figures.legends import despine, figure_legend
from bench.report.figures.palette import method_styles
from bench.report.figures.style import PAGE, draw

COLOURS = {"dualcoop": "blue", "trm_ml": "vermillion", "asl": "green"}
ROWS = (("step", "seconds", "CPU seconds of a step"), ("first", "mib", "MiB of a training, at most"))


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


def growth_figure(measured: Sequence[Measured]) -> bytes:
    """A PNG: a column for each of classes and images that varies, logarithmic axes."""
    return draw(_paint, measured)["png"]


def _paint(figure: Any, measured: Sequence[Measured]) -> None:
    varied = [along for along in ("classes", "images") if len({getattr(one, along) for one in measured}) > 1]
    figure.set_size_inches(PAGE, 4.4)
    panels = figure.subplots(2, len(varied), sharex="col", sharey="row", squeeze=False)
    styles = method_styles(dict.fromkeys(one.method for one in measured), COLOURS)
    for column, along in enumerate(varied):
        other = "images" if along == "classes" else "classes"
        usual = _most_common([getattr(one, other) for one in measured])
        series = [one for one in measured if getattr(one, other) == usual]
        for row, (phase, value, label) in enumerate(ROWS):
            axes = panels[row][column]
            for method, (colour, marker, dash) in styles.items():
                own = sorted(
                    (getattr(o, along), getattr(o, value)) for o in series if (o.method, o.phase) == (method, phase)
                )
                axes.plot(
                    *zip(*own, strict=True), color=colour, marker=marker, linestyle=dash, label=method, markersize=4
                )
            axes.set(xscale="log", yscale="log", ylabel="" if column else label)
            sizes = sorted({getattr(one, along) for one in series})
            axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
            axes.minorticks_off()
            despine(axes)
        panels[0][column].set_title(f"{usual:,} {other}")
        panels[1][column].set_xlabel(along)
    figure_legend(figure, panels.flat, per_row=8)


def _most_common(sizes: Sequence[int]) -> int:
    return max(dict.fromkeys(sizes), key=sizes.count)
